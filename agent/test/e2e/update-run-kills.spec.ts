import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { readUpdateStatus } from '../../src/updates/update-status.js';
import { startAgent } from '../setup/agent-child.js';
import { releaseBytes, sha256Of } from '../setup/artifacts.js';
import { proxyFiles, type FileProxy } from '../setup/file-proxy.js';
import { hookedPanel } from '../setup/hooks.js';
import { killAfter, measure } from '../setup/kills.js';
import { removePanels } from '../setup/panels.js';
import { until } from '../setup/until.js';

const KILLS = 40;
/** Whole runs that are timed: a moment at which the machine stood still in one would put the kills after the end. */
const TIMED = 3;
const SIZE = 2_000_000;
const PACE_MS = 4;

/** Installs by writing down which bytes it was given. Nobody ever reads a version that is not written yet. */
const HASH = `sum=$(sha256sum "$MOORING_UPDATE_FILE") || exit 1
echo "\${sum%% *}" >> "$1.hashes"; printf %s "$MOORING_UPDATE_VERSION" > "$1.new" && mv "$1.new" "$1"`;

let app: TestApp;
let proxy: FileProxy;
beforeAll(async () => {
  app = await startApp();
  proxy = await proxyFiles(app.url);
  proxy.otherwise = { paceMs: PACE_MS };
});
afterAll(async () => {
  await proxy.stop();
  await removePanels();
  await app.stop();
});

describe('an update that is killed at any moment', () => {
  it(`installs nothing but the right bytes, and is done in the end, in ${KILLS} kills`, async () => {
    const panel = await hookedPanel(app, { script: HASH, settings: { server: proxy.url } });
    const { bytes } = await releaseBytes(app, panel.product, { version: '1.1.0', size: SIZE });
    const { settings, versionFile, stateDir } = panel;
    const start = (sayAt?: number) => {
      const aheadMs = app.clock.now().getTime() - Date.now();
      return startAgent('updating-agent.mjs', { settings, aheadMs, sayAt });
    };
    const status = () => readUpdateStatus(stateDir, () => panel.agent.currentVersion());
    const startOver = async () => {
      await writeFile(versionFile, '1.0.0\n');
      await rm(join(stateDir, 'updates', 'panel-1.1.0.tgz'), { force: true });
    };

    let [beginMs, installMs] = [Infinity, Infinity];
    for (let run = 0; run < TIMED; run += 1) {
      const whole = start(1);
      beginMs = Math.min(beginMs, await measure(whole, 'ready', 'reached'));
      installMs = Math.min(installMs, await measure(whole, 'Installing', 'Updated'));
      expect(await whole.ended()).toMatchObject({ code: 0 });
      await startOver();
    }
    const moments = [
      () => killAfter(start(), 'ready', 1.5 * beginMs),
      () => killAfter(start(), 'Installing', 1.2 * installMs),
      () => killAfter(start(), 'complete', installMs),
      () => killAfter(start(Math.random() * SIZE), 'reached', 0),
    ];
    const ends: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await moments[kill % moments.length]!();
      // A hook that was begun goes on alone.
      await until(async () => !['installing', 'downloading'].includes((await status()).state), 'its end');
      ends.push((await status()).state);
      if ((await panel.runs()) === '1.1.0') await startOver();
    }
    expect(ends.filter((end) => end === 'failed').length).toBeGreaterThanOrEqual(KILLS / 4);
    expect(ends.filter((end) => end === 'done').length).toBeGreaterThanOrEqual(KILLS / 10);

    expect(await start().ended()).toMatchObject({ code: 0 });
    expect(await status()).toMatchObject({ state: 'done', installed: true, error: null, hook: null });
    expect(await panel.runs()).toBe('1.1.0');
    const hashes = (await readFile(`${versionFile}.hashes`, 'utf8')).trimEnd().split('\n');
    expect(new Set(hashes)).toEqual(new Set([sha256Of(bytes)]));
    await panel.remove();
  }, 600_000);
});
