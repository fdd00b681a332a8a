import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { SettableClock } from '../../../test/setup/clock.js';
import { release } from '../../../test/setup/releases.js';
import { cliOf } from '../setup/cli.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
let panel: TestPanel;
let license: Awaited<ReturnType<TestApp['sell']>>['license'];
let product: Awaited<ReturnType<TestApp['sell']>>['product'];
beforeAll(async () => {
  // The command line goes by the clock of the machine.
  app = await startApp({ clock: new SettableClock(new Date()) });
});
beforeEach(async () => {
  const sold = await app.sell();
  ({ product, license } = sold);
  panel = await install(app);
  await panel.agent.activate(sold.key);
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});

/** A port on which nobody listens: discard, which no machine serves any more. */
const AWAY = 'http://127.0.0.1:9';

it('says once that the server is out of reach', async () => {
  const { exit, stdout, stderr } = await cliOf(panel, { MOORING_AGENT_SERVER: AWAY })(['check']);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const [first = '', second = ''] = stdout.split('\n');
  expect(first).toMatch(/^unreachable: http:\/\/127\.0\.0\.1:9 can't be reached: /);
  expect(second).toMatch(/^License /);
  expect(stdout.match(/reached/g)).toHaveLength(1);
});

it('does not claim a seat back that only the vendor can free', async () => {
  const sold = await app.sell();
  const offline = await install(app);
  const run = cliOf(offline);
  const { hardware_id, version } = (await run(['offline-request'])).json;
  const body = { hardware_id, version, valid_days: 30 };
  const lease = JSON.stringify(await app.must('POST', `/licenses/${sold.license.id}/activations`, body));
  expect(await run(['offline-install', '-'], { stdin: lease })).toMatchObject({ exit: 0 });
  expect(await run(['deactivate'])).toEqual(
    expect.objectContaining({
      exit: 0,
      stdout: 'The lease is removed. Tell your vendor, who alone can free the seat of an offline machine.\n',
      stderr: '',
    }),
  );
});

it('ends with 3 where the license has no right to an update', async () => {
  await app.must('POST', `/licenses/${license.id}/revoke`, { reason: 'refunded' });
  const refused = await cliOf(panel)(['update', '--json']);
  expect(refused).toMatchObject({ exit: 3, stderr: '' });
  expect(refused.json.error).toEqual({
    code: 'UPDATE_REFUSED',
    message: 'The license is not accepted for updates. Run `mooring-agent check` to learn why.',
  });
});

it('explains a hardware id without a key that was given for a file', async () => {
  const explained = await cliOf(panel)([
    'hardware-id',
    '--explain',
    '--seed-file',
    '/nowhere/PANEL-1234-ABCD-5678-EFGH-9JKM',
  ]);
  expect(explained.stdout).toContain('/nowhere/PANEL-****-9JKM');
  expect(explained.stdout + explained.stderr).not.toContain('ABCD-5678');
});

it('shows what comes from outside without what would steer the terminal', async () => {
  await release(app, product, { version: '1.1.0', changelog: 'Faster.\u001b[2J\u009b1A\r\nSafer.' }, [
    { platform: 'linux', arch: 'x64' },
  ]);
  const versionFile = join(panel.stateDir, '..', 'VERSION');
  await writeFile(versionFile, '1.0.0\n');
  const hook = ['/bin/sh', '-c', `printf '\\033]0;mine\\007done\\n'; echo 1.1.0 > '${versionFile}'`];
  const run = cliOf(panel, {
    MOORING_AGENT_VERSION_FILE: versionFile,
    MOORING_AGENT_UPDATE_HOOK: JSON.stringify(hook),
    MOORING_AGENT_PLATFORM: 'linux',
    MOORING_AGENT_ARCH: 'x64',
  });
  const { stdout } = await run(['update', '--check']);
  expect(stdout).toMatch(/\nFaster\.\uFFFD\[2J\uFFFD1A\nSafer\.\n$/);
  const { json, stdout: text } = await run(['update', '--check', '--json']);
  expect(json.changelog).toBe('Faster.\u001b[2J\u009b1A\r\nSafer.');
  expect(text.trimEnd()).not.toMatch(/\p{C}/u);
  const updated = await run(['update']);
  expect(updated).toMatchObject({ exit: 0 });
  expect(updated.stderr).toContain('\n\uFFFD]0;mine\uFFFDdone\n');
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('ends an update at %s although the server keeps silent', async (signal, exit) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const called = once(silent, 'connection');
  const ran = await cliOf(panel, { MOORING_AGENT_SERVER: server })(['update', '--json'], {
    started: (child) => void called.then(() => child.kill(signal)),
  });
  // One that had waited for an answer, for twenty seconds, would say that there was none.
  expect(ran).toMatchObject({ exit, stderr: '' });
  expect(ran.json.error).toEqual({
    code: 'DOWNLOAD_BROKEN',
    message: 'The update was cancelled. What was downloaded is kept.',
  });
  for (const socket of sockets) socket.destroy();
  silent.close();
});
