import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { SettableClock } from '../../../test/setup/clock.js';
import { release } from '../../../test/setup/releases.js';
import { cliOf, type Ran } from '../setup/cli.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  // The command line goes by the clock of the machine.
  app = await startApp({ clock: new SettableClock(new Date()) });
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});
afterEach(() => app.clock.set(new Date()));

const HOUR_MS = 3_600_000;

const everything = ({ stdout, stderr }: Ran): string => stdout + stderr;

/** A panel that was activated some time ago and has not been heard of since. */
async function activatedAgo(hours: number): Promise<{ panel: TestPanel; key: string; license: any }> {
  app.clock.set(new Date(Date.now() - hours * HOUR_MS));
  const { key, license } = await app.sell();
  const panel = await install(app);
  await panel.agent.activate(key);
  return { panel, key, license };
}

/** A port on which nobody listens: discard, which no machine serves any more. */
const AWAY = 'http://127.0.0.1:9';

describe('a license from the first key to the last', () => {
  it('is activated, told, checked and given back', async () => {
    const { key, product, policy } = await app.sell({ policy: { limits: { accounts: 10, domains: -1 } } });
    const panel = await install(app);
    const run = cliOf(panel);

    const before = await run(['status']);
    expect(before).toMatchObject({ exit: 3, stderr: '' });
    expect(before.stdout).toMatch(
      /^unlicensed: No license is activated on this machine\. Run `mooring-agent activate KEY`\.\n/,
    );

    const activated = await run(['activate', key]);
    expect(activated).toMatchObject({ exit: 0, stderr: '' });
    const masked = `${key.split('-')[0]}-****-${key.split('-').at(-1)}`;
    expect(activated.stdout).toMatch(
      new RegExp(
        [
          '^This machine is activated\\.',
          'licensed: The license is valid\\.',
          `License       ${masked.replaceAll('*', '\\*')}`,
          `Product       ${product.code}, ${policy.code}`,
          'Limits        accounts 10, domains unlimited',
          'Expires       never',
        ].join('\n'),
      ),
    );

    const counted = await run(['usage', 'accounts=4', 'domains=2']);
    expect(counted).toMatchObject({ exit: 0, stdout: 'The next check reports:\naccounts  4\ndomains   2\n' });
    const checked = await run(['check', '--json']);
    expect(checked).toMatchObject({ exit: 0, stderr: '' });
    expect(checked.json).toMatchObject({
      answer: 'granted',
      code: 'VALID',
      status: { state: 'licensed', usage: { accounts: 4, domains: 2 } },
    });
    expect(checked.json).not.toHaveProperty('error');

    const status = await run(['status', '--json']);
    expect(status).toMatchObject({ exit: 0, stderr: '' });
    expect(status.json).toEqual(JSON.parse(JSON.stringify(await panel.agent.status())));
    expect(status.json).toMatchObject({ state: 'licensed', license: { key: masked } });

    const deactivated = await run(['deactivate']);
    expect(deactivated).toMatchObject({ exit: 0, stdout: 'The seat of this machine is given back.\n' });
    expect((await run(['status'])).exit).toBe(3);
    for (const ran of [before, activated, counted, checked, status, deactivated]) {
      expect(everything(ran)).not.toContain(key);
    }
  });

  it('reads the key from a file and from standard input, so that no process list shows it', async () => {
    const { key } = await app.sell({ license: { max_activations: 3 } });
    const first = await install(app);
    const file = join(first.settings.seedFile!, '..', 'key.txt');
    await writeFile(file, `\n  ${key}\n`);
    expect((await cliOf(first)(['activate', '--key-file', file])).exit).toBe(0);
    expect((await cliOf(await install(app))(['activate', '-'], { stdin: `${key}\n` })).exit).toBe(0);
    expect((await cliOf(await install(app))(['activate', '--key-file', '-'], { stdin: key })).exit).toBe(0);
  });

  it('moves to other hardware', async () => {
    const { key } = await app.sell();
    const old = await install(app);
    await old.agent.activate(key);
    const { hardware_id: hardware } = await old.agent.status();
    const moved = await cliOf(await install(app))(['rebind', key, '--from', hardware!, '--json']);
    expect(moved).toMatchObject({ exit: 0 });
    expect(moved.json.status).toMatchObject({ state: 'licensed' });
    expect(moved.json.status.hardware_id).not.toBe(hardware);
    expect(everything(moved)).not.toContain(key);
  });
});

describe('the exit code tells', () => {
  it('0 while the server is out of reach and the lease runs', async () => {
    const { panel } = await activatedAgo(71);
    const run = cliOf(panel, { MOORING_AGENT_SERVER: AWAY });
    const checked = await run(['check', '--json']);
    expect(checked.exit).toBe(0);
    expect(checked.json).toMatchObject({
      answer: 'unreachable',
      error: { code: 'UNREACHABLE' },
      status: { state: 'unreachable' },
    });
    const status = await run(['status']);
    expect(status.exit).toBe(0);
    expect(status.stdout).toMatch(
      /^unreachable: The license server could not be reached; the license stays valid until /,
    );
  });

  it('2 in grace, 3 after it', async () => {
    const grace = await activatedAgo(73);
    const told = await cliOf(grace.panel)(['status']);
    expect(told).toMatchObject({ exit: 2 });
    expect(told.stdout).toMatch(/^grace: The license server has not been reached for too long\./);
    const ended = await activatedAgo(15 * 24);
    expect(await cliOf(ended.panel)(['status'])).toMatchObject({ exit: 3 });
    expect((await cliOf(ended.panel)(['status', '--json'])).json).toMatchObject({ code: 'LEASE_ENDED' });
  });

  it('3 for a license that was revoked, from the next check on', async () => {
    const { panel, license } = await activatedAgo(1);
    const run = cliOf(panel);
    await app.must('POST', `/licenses/${license.id}/revoke`, { reason: 'refunded' });
    expect((await run(['status'])).exit).toBe(0);
    const checked = await run(['check']);
    expect(checked.exit).toBe(3);
    expect(checked.stdout).toMatch(/^unlicensed: License has been revoked\. Ask your vendor\.\n/);
    expect((await run(['status'])).exit).toBe(3);
    const { json } = await run(['check', '--json']);
    expect(json).toMatchObject({
      answer: 'refused',
      code: 'REVOKED',
      error: { code: 'REVOKED', message: 'License has been revoked.' },
    });
  });

  it('3 for a refused activation, which leaves the license that is held', async () => {
    const { panel, key } = await activatedAgo(1);
    const crowded = await app.sell({ license: { max_activations: 1 } });
    await (await install(app)).agent.activate(crowded.key);
    const refused = await cliOf(panel)(['activate', crowded.key]);
    expect(refused.exit).toBe(3);
    expect(refused.stdout).toMatch(/^refused: Maximum number of activations reached\. Free a seat /);
    expect(everything(refused)).not.toContain(crowded.key);
    expect(await cliOf(panel)(['status', '--json'])).toMatchObject({ exit: 0 });
    expect((await panel.agent.status()).license?.key.slice(-4)).toBe(key.slice(-4));
  });

  it('4 for a mistyped key, which is not sent unless forced', async () => {
    const { key } = await app.sell();
    const typo = key.slice(0, -1) + (key.endsWith('2') ? '3' : '2');
    const panel = await install(app);
    const refused = await cliOf(panel)(['activate', typo]);
    expect(refused).toMatchObject({ exit: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^error: .+\n$/);
    expect(everything(refused)).not.toContain(typo);
    const offline = cliOf(panel, { MOORING_AGENT_SERVER: AWAY });
    expect((await offline(['activate', typo, '--json'])).json).toMatchObject({ error: { code: 'KEY_TYPO' } });
    const forced = await cliOf(panel)(['activate', typo, '--force', '--json']);
    expect(forced.exit).toBe(3);
    expect(forced.json).toMatchObject({ answer: 'refused', error: { code: 'INVALID_KEY' } });
  });

  it('5 where the server is out of reach and nothing was ever licensed', async () => {
    const { key } = await app.sell();
    const run = cliOf(await install(app), { MOORING_AGENT_SERVER: AWAY });
    const activated = await run(['activate', key]);
    expect(activated.exit).toBe(5);
    expect(activated.stdout).toMatch(/^unreachable: /);
    expect(everything(activated)).not.toContain(key);
    const { json } = await run(['activate', key, '--json']);
    expect(json).toMatchObject({ answer: 'unreachable', error: { code: 'UNREACHABLE' } });
  });

  it('5 for what cannot be done without the server', async () => {
    const { panel } = await activatedAgo(1);
    const run = cliOf(panel, { MOORING_AGENT_SERVER: AWAY });
    expect((await run(['deactivate'])).exit).toBe(5);
    expect((await run(['update', '--check', '--json'])).json).toMatchObject({
      error: { code: 'UNREACHABLE' },
    });
    expect((await cliOf(panel)(['status'])).exit).toBe(0);
  });
});

describe('updates', () => {
  it('are looked for, downloaded and installed by the hook', async () => {
    const { key, product } = await app.sell();
    await release(app, product, { version: '1.1.0', changelog: 'Faster.' }, [
      { platform: 'linux', arch: 'x64' },
    ]);
    const panel = await install(app);
    await panel.agent.activate(key);
    const versionFile = join(panel.stateDir, '..', 'VERSION');
    await writeFile(versionFile, '1.0.0\n');
    const hook = ['/bin/sh', '-c', `echo 1.1.0 > '${versionFile}'; echo installed`];
    const run = cliOf(panel, {
      MOORING_AGENT_VERSION_FILE: versionFile,
      MOORING_AGENT_UPDATE_HOOK: JSON.stringify(hook),
      MOORING_AGENT_PLATFORM: 'linux',
      MOORING_AGENT_ARCH: 'x64',
    });
    const looked = await run(['update', '--check']);
    expect(looked.exit).toBe(0);
    expect(looked.stdout).toMatch(/^Version 1\.1\.0 is available; 1\.0\.0 is installed\.\n[^]*\nFaster\.\n$/);
    const fetched = await run(['update', '--download-only', '--json']);
    expect(fetched).toMatchObject({ exit: 0, stderr: '' });
    expect(await readFile(fetched.json.path, 'utf8')).toBe('the bytes of 1.1.0');
    const updated = await run(['update']);
    expect(updated).toMatchObject({ exit: 0, stdout: 'Updated from 1.0.0 to 1.1.0.\n' });
    expect(updated.stderr).toContain('installed');
    expect((await run(['update', '--check'])).stdout).toMatch(/^Version 1\.1\.0 is up to date\.\n/);
    expect(await run(['update', '--to', '1.0.0'])).toMatchObject({ exit: 1, stdout: '' });
    expect(await run(['update', '--check', '--to', '2.0.0'])).toMatchObject({ exit: 4 });
  });
});

describe('a machine without a network', () => {
  it('asks with one file and is licensed by another', async () => {
    const { license, key } = await app.sell();
    const panel = await install(app);
    const run = cliOf(panel, { MOORING_AGENT_SERVER: '' });
    const out = join(panel.stateDir, '..', 'request.json');
    const asked = await run(['offline-request', '--out', out]);
    expect(asked).toMatchObject({ exit: 0, stderr: '' });
    const request = JSON.parse(await readFile(out, 'utf8'));
    expect((await run(['offline-request'])).json).toEqual(request);
    const answer = await app.must('POST', `/licenses/${license.id}/activations`, {
      hardware_id: request.hardware_id,
      version: request.version,
      valid_days: 30,
    });
    const file = join(panel.stateDir, '..', 'lease.json');
    await writeFile(file, JSON.stringify(answer));
    const installed = await run(['offline-install', file]);
    expect(installed).toMatchObject({ exit: 0 });
    expect(installed.stdout).toMatch(/^The lease file is installed\.\nlicensed: /);
    expect(everything(installed)).not.toContain(key);
    expect((await run(['status'])).exit).toBe(0);

    const other = cliOf(await install(app), { MOORING_AGENT_SERVER: '' });
    const foreign = await other(['offline-install', '-', '--json'], { stdin: JSON.stringify(answer) });
    expect(foreign).toMatchObject({ exit: 1 });
    expect(foreign.json).toMatchObject({ error: { code: 'FILE_UNACCEPTABLE' } });
    expect(await other(['offline-install', join(file, 'none')])).toMatchObject({ exit: 4, stdout: '' });
  });
});

describe('the hardware id', () => {
  it('is printed alone, explained, and made of a seed that is never overwritten', async () => {
    const panel = await install(app);
    const seed = join(panel.stateDir, 'hardware-seed');
    const run = cliOf(panel, { MOORING_AGENT_SEED_FILE: seed });
    const made = await run(['hardware-id', '--create-seed']);
    expect(made.exit).toBe(0);
    expect(made.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(made.stderr).toContain(seed);
    expect((await run(['hardware-id'])).stdout).toBe(made.stdout);
    const explained = await run(['hardware-id', '--explain', '--json']);
    expect(explained.json).toMatchObject({ hardware_id: made.stdout.trim(), problem: null, seed_file: seed });
    const secret = (await readFile(seed, 'utf8')).trim();
    expect(everything(explained) + everything(made)).not.toContain(secret);
    expect(await run(['hardware-id', '--create-seed'])).toMatchObject({ exit: 4 });
    expect((await readFile(seed, 'utf8')).trim()).toBe(secret);
  });
});
