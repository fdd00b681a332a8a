import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestApp } from '../../../test/setup/app.js';
import type { Settings } from '../../src/settings.js';
import type { Progress } from '../../src/updates/progress.js';
import { install } from './panels.js';

/** What a panel's own script does: take the version over. `$1` is the version file, `$2` the download. */
export const TAKE_OVER =
  'echo "from $MOORING_UPDATE_FROM_VERSION to $MOORING_UPDATE_VERSION"; printf %s "$MOORING_UPDATE_VERSION" > "$1"';

/** Waits for `letGo`, so that nothing depends on how long a look takes meanwhile; ends when the test has gone. */
export const WAIT = 'until [ -e "$1.go" ]; do [ -e "$1" ] || exit 1; sleep 0.1; done';

/** An activated panel that says in a file which version runs, with a hook written in shell. */
export async function hookedPanel(
  app: TestApp,
  {
    script = TAKE_OVER,
    settings = {},
    sold = {},
  }: { script?: string; settings?: Partial<Settings>; sold?: Parameters<TestApp['sell']>[0] } = {},
) {
  const dir = await mkdtemp(join(tmpdir(), 'mooring-agent-'));
  const versionFile = join(dir, 'VERSION');
  await writeFile(versionFile, '1.0.0\n');
  const world = await app.sell(sold);
  const updateHook = ['/bin/sh', '-c', script, 'hook', versionFile];
  const panel = await install(app, { version: null, versionFile, updateHook, ...settings });
  const { answer, problem } = await panel.agent.activate(world.key);
  if (answer !== 'granted') throw new Error(`${answer}: ${problem}`);
  return {
    ...world,
    ...panel,
    dir,
    versionFile,
    /** The version that the panel says it runs. */
    runs: async () => (await readFile(versionFile, 'utf8')).trim(),
    /** Lets a hook that waits go on. */
    letGo: () => writeFile(`${versionFile}.go`, ''),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Remembers what was said. */
export class Listener implements Progress {
  readonly said: string[] = [];
  begin(): void {}
  received(): void {}
  end(): void {}

  say(sentence: string): void {
    this.said.push(sentence);
  }
}
