import type { ChildProcess } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { SettableClock } from '../../../test/setup/clock.js';
import { release } from '../../../test/setup/releases.js';
import { cliOf, type Ran } from '../setup/cli.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';
import { until } from '../setup/until.js';

let app: TestApp;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  // The command line goes by the clock on the wall.
  app = await startApp({ clock: new SettableClock(new Date()) });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await removePanels();
  await app.stop();
});

interface Served {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  call(method: string, path: string, body?: object): Promise<any>;
}

/** `mooring-agent serve` in a process of its own. */
async function served(panel: TestPanel, env: Record<string, string> = {}): Promise<Served> {
  let child: ChildProcess | undefined;
  let out = '';
  const started = (process: ChildProcess) => {
    child = process;
    children.add(process);
    process.stdout?.on('data', (text: string) => (out += text));
  };
  const ended = cliOf(panel, env)(['serve', '--port', '0', '--json'], { started });
  void ended.then(() => child && children.delete(child));
  await until(() => out.includes('\n'), 'the address of the daemon');
  const { url, token_file } = JSON.parse(out);
  const authorization = `Bearer ${(await readFile(token_file, 'utf8')).trim()}`;
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  if (child === undefined) throw new Error('no process');
  return { child, ended, call };
}

const isAt = (daemon: Served, state: string) => async (): Promise<boolean> =>
  (await daemon.call('GET', '/version/update/status')).state === state;

describe('mooring-agent serve', () => {
  it('lets go of everything when it is killed', async () => {
    const panel = await install(app);
    const first = await served(panel);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await served(panel);
    second.child.kill('SIGINT');
    expect((await second.ended).exit).toBe(130);
  });

  it('ends although the installation goes on, which may be what restarts it', async () => {
    const { key, product } = await app.sell();
    await release(app, product, { version: '1.1.0' });
    const panel = await install(app);
    const folder = join(panel.stateDir, '..');
    const [hook, versionFile] = [join(folder, 'hook'), join(folder, 'VERSION')];
    await writeFile(versionFile, '1.0.0');
    await writeFile(
      hook,
      `#!/bin/sh\ncd '${folder}'\nuntil [ -e go ]; do [ -e VERSION ] || exit 1; sleep 0.1; done\necho 1.1.0 > VERSION\n`,
    );
    await chmod(hook, 0o755);
    const env = { MOORING_AGENT_UPDATE_HOOK: hook, MOORING_AGENT_VERSION_FILE: versionFile };
    const first = await served(panel, env);
    await first.call('POST', '/license/activate', { key });
    await first.call('POST', '/version/update');
    await until(isAt(first, 'installing'), 'the installation');
    first.child.kill('SIGTERM');
    expect((await first.ended).exit).toBe(143);
    const second = await served(panel, env);
    expect((await second.call('GET', '/version/update/status')).state).toBe('installing');
    await writeFile(join(folder, 'go'), '');
    await until(isAt(second, 'done'), 'the end of the installation');
    second.child.kill('SIGTERM');
    await second.ended;
  });
});
