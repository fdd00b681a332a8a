import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { isAlive } from '../../src/updates/process-mark.js';
import { readUpdateStatus, storedStatus } from '../../src/updates/update-status.js';
import { runUpdate } from '../../src/updates/update.js';
import { releaseBytes } from '../setup/artifacts.js';
import { startDaemon, stopDaemons } from '../setup/daemons.js';
import { Listener, TAKE_OVER, WAIT, hookedPanel } from '../setup/hooks.js';
import { removePanels } from '../setup/panels.js';
import { until } from '../setup/until.js';

const SIZE = 300_000;
const UPDATING_AGENT = fileURLToPath(new URL('../setup/updating-agent.mjs', import.meta.url));

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

type Panel = Awaited<ReturnType<typeof hookedPanel>>;
const panels: Panel[] = [];
async function panel(given: Parameters<typeof hookedPanel>[1] = {}): Promise<Panel> {
  const made = await hookedPanel(app, given);
  panels.push(made);
  return made;
}
afterEach(async () => {
  for (const made of panels.splice(0)) await made.remove();
});

const release = ({ product }: Panel, version: string, fields: object = {}) =>
  releaseBytes(app, product, { version, size: SIZE, ...fields });
const statusOf = ({ stateDir, agent }: Panel) => readUpdateStatus(stateDir, () => agent.currentVersion());
const downloads = async ({ stateDir }: Panel) =>
  (await readdir(join(stateDir, 'updates'))).filter((name) => name !== 'download.lock');
const seatVersion = async ({ license }: Panel): Promise<string> =>
  (await app.must('GET', `/licenses/${license.id}/activations`))[0].version;
const fault = (code: string, sentence: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(sentence) as unknown });

describe('an update', () => {
  it('is fetched, installed by the panel, and told to the service', async () => {
    const script = `${TAKE_OVER}; env | grep ^MOORING_UPDATE_ | sort > "$1.env"; cat "$2" > "$1.bytes"`;
    const made = await panel({ script });
    const { bytes } = await release(made, '1.1.0');
    const progress = new Listener();
    const result = await runUpdate(made.agent, { progress });
    const path = join(made.stateDir, 'updates', 'panel-1.1.0.tgz');
    expect(result).toEqual({
      updated: true,
      installed: true,
      from_version: '1.0.0',
      version: '1.1.0',
      downloaded_version: '1.1.0',
      path,
      updates_expired: false,
      message: 'Updated from 1.0.0 to 1.1.0.',
    });
    expect((await readFile(`${made.versionFile}.bytes`)).equals(bytes)).toBe(true);
    expect((await readFile(`${made.versionFile}.env`, 'utf8')).split('\n')).toEqual([
      `MOORING_UPDATE_FILE=${path}`,
      'MOORING_UPDATE_FROM_VERSION=1.0.0',
      expect.stringMatching(/^MOORING_UPDATE_SHA256=[0-9a-f]{64}$/),
      `MOORING_UPDATE_SIZE=${SIZE}`,
      'MOORING_UPDATE_VERSION=1.1.0',
      '',
    ]);
    expect(progress.said).toEqual([
      'Downloading version 1.1.0.',
      'Installing version 1.1.0.',
      'from 1.0.0 to 1.1.0',
    ]);
    expect(await statusOf(made)).toMatchObject({
      state: 'done',
      from_version: '1.0.0',
      received: SIZE,
      size: SIZE,
      error: null,
      hook: null,
    });
    expect(await seatVersion(made)).toBe('1.1.0');
  });

  it('goes over stepping stones in one run, and clears away what it no longer needs', async () => {
    const made = await panel();
    await release(made, '1.1.0');
    await release(made, '2.0.0', { minimum_upgrade_version: '1.1.0' });
    const progress = new Listener();
    const result = await runUpdate(made.agent, { progress });
    expect(result).toMatchObject({ from_version: '1.0.0', version: '2.0.0', updated: true });
    expect(progress.said.filter((line) => line.startsWith('from'))).toEqual([
      'from 1.0.0 to 1.1.0',
      'from 1.1.0 to 2.0.0',
    ]);
    expect(await made.runs()).toBe('2.0.0');
    expect(await downloads(made)).toEqual(['panel-2.0.0.tgz']);
    expect(await runUpdate(made.agent)).toMatchObject({
      updated: false,
      path: null,
      version: '2.0.0',
      message: 'Version 2.0.0 runs, and there is nothing newer for it.',
    });
  });

  it('takes one stepping stone where only the panel knows which version runs then', async () => {
    const made = await panel({ settings: { version: '1.0.0', versionFile: null } });
    await release(made, '1.1.0');
    await release(made, '2.0.0', { minimum_upgrade_version: '1.1.0' });
    expect(await runUpdate(made.agent)).toMatchObject({
      updated: true,
      version: '1.1.0',
      message: expect.stringMatching(/^Updated from 1\.0\.0 to 1\.1\.0\. .* a version file lets it go on/),
    });
  });

  it('is only fetched without a hook, and when that is asked for', async () => {
    const made = await panel({ settings: { updateHook: null } });
    await release(made, '1.1.0');
    const path = join(made.stateDir, 'updates', 'panel-1.1.0.tgz');
    const result = { updated: false, installed: false, version: '1.0.0', downloaded_version: '1.1.0', path };
    expect(await runUpdate(made.agent)).toMatchObject({
      ...result,
      message: `Version 1.1.0 is downloaded to ${path}. No update hook is set, so install it by hand.`,
    });
    const hooked = made.twin({ updateHook: ['/bin/false'] });
    expect(await runUpdate(hooked, { downloadOnly: true })).toMatchObject(result);
    expect(await made.runs()).toBe('1.0.0');
  });

  it('is fetched to the folder that was named, where others keep their files too', async () => {
    const made = await panel();
    const downloadDir = join(made.dir, 'downloads');
    await release(made, '1.1.0');
    await runUpdate(made.twin({ downloadDir }));
    await release(made, '1.2.0');
    const other = join(downloadDir, 'panel-0.9.0.tgz');
    await writeFile(other, 'of somebody else');
    await runUpdate(made.twin({ downloadDir }));
    expect((await readdir(downloadDir)).toSorted()).toEqual([
      'download.lock',
      'panel-0.9.0.tgz',
      'panel-1.2.0.tgz',
    ]);
  });

  it('neither overwrites nor removes what somebody else has put where it belongs', async () => {
    const made = await panel();
    const downloadDir = join(made.dir, 'downloads');
    const agent = made.twin({ downloadDir });
    const { bytes } = await release(made, '1.1.0');
    const path = join(downloadDir, 'panel-1.1.0.tgz');
    await mkdir(downloadDir);
    await writeFile(path, 'of somebody else');
    await expect(runUpdate(agent)).rejects.toEqual(fault('FILE_UNACCEPTABLE', /Move it away/));
    expect(await readFile(path, 'utf8')).toBe('of somebody else');
    await writeFile(path, bytes);
    expect(await runUpdate(agent)).toMatchObject({ version: '1.1.0', path });
    await release(made, '1.2.0');
    expect(await runUpdate(agent)).toMatchObject({ version: '1.2.0' });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('says when only the right to updates hides a newer one', async () => {
    const updates_until = new Date(app.clock.now().getTime() - 86_400_000).toISOString();
    const made = await panel({ sold: { license: { updates_until } } });
    await release(made, '1.1.0');
    expect(await runUpdate(made.agent)).toMatchObject({
      updated: false,
      updates_expired: true,
      message: expect.stringMatching(/nothing newer for it\. A newer release exists, but/),
    });
    await expect(runUpdate(made.agent, { version: '1.1.0' })).rejects.toEqual(fault('UPDATE_REFUSED', /./));
  });

  it('may be to a version that is named, when that is newer', async () => {
    const made = await panel();
    await release(made, '1.1.0');
    await release(made, '1.2.0');
    await expect(runUpdate(made.agent, { version: '1.0.0' })).rejects.toEqual(
      fault('NO_UPDATE', /1\.0\.0 is not newer than 1\.0\.0/),
    );
    await expect(runUpdate(made.agent, { version: '0.9.0' })).rejects.toEqual(fault('NO_UPDATE', /by hand/));
    await expect(runUpdate(made.agent, { version: '9.9.9' })).rejects.toMatchObject({ code: 'NO_UPDATE' });
    expect(await runUpdate(made.agent, { version: '1.1.0' })).toMatchObject({ version: '1.1.0' });
    expect(await statusOf(made)).toMatchObject({ state: 'done', error: null });
  });

  it('has failed when its hook fails, and need not be fetched again', async () => {
    const made = await panel({ script: 'echo no room for it >&2; exit 3' });
    await release(made, '1.1.0');
    const progress = new Listener();
    const log = join(made.stateDir, 'update-hook.log');
    await expect(runUpdate(made.agent, { progress })).rejects.toEqual(
      fault('HOOK_FAILED', new RegExp(`failed with exit code 3\\. Its output is in ${log}`)),
    );
    expect(progress.said.at(-1)).toBe('no room for it');
    expect(await statusOf(made)).toMatchObject({ state: 'failed', error: expect.stringContaining('code 3') });
    expect(await readFile(log, 'utf8')).toBe('no room for it\n');
    expect(await downloads(made)).toEqual(['panel-1.1.0.tgz']);
    expect(await seatVersion(made)).toBe('1.0.0');
  });

  it('has failed when the panel still says the old version, or the hook cannot be started', async () => {
    const made = await panel({ script: 'true' });
    await release(made, '1.1.0');
    await expect(runUpdate(made.agent)).rejects.toEqual(
      fault('HOOK_FAILED', /ended well, but .*VERSION still says 1\.0\.0/),
    );
    await expect(runUpdate(made.twin({ updateHook: ['/nowhere/hook'] }))).rejects.toEqual(
      fault('HOOK_FAILED', /\/nowhere\/hook cannot be started \(ENOENT\)/),
    );
    await expect(runUpdate(made.twin({ updateHook: ['/bin/sh', '-c', 'kill -9 $$'] }))).rejects.toEqual(
      fault('HOOK_FAILED', /ended by the signal SIGKILL/),
    );
  });

  it('ends its hook, and what that has started, after the time that it may take', async () => {
    const made = await panel({ script: `(${WAIT}; touch "$1.late") & echo $! > "$1.child"; sleep 60` });
    await release(made, '1.1.0');
    await expect(runUpdate(made.twin({ updateHookTimeout: 3 }))).rejects.toEqual(
      fault('HOOK_FAILED', /did not end within 3 seconds/),
    );
    const child = Number(await readFile(`${made.versionFile}.child`, 'utf8'));
    await made.letGo();
    await until(async () => !(await isAlive({ pid: child, start: null })), 'the end of what it has started');
    await expect(access(`${made.versionFile}.late`)).rejects.toThrow('ENOENT');
  });

  it('runs once at a time', async () => {
    const made = await panel({ script: `${WAIT}; ${TAKE_OVER}` });
    await release(made, '1.1.0');
    const first = runUpdate(made.agent);
    const installing = async () => (await statusOf(made)).hook !== null;
    while (!(await installing())) await sleep(50);
    expect(await statusOf(made)).toMatchObject({ state: 'installing', version: '1.1.0', pid: process.pid });
    await expect(runUpdate(made.twin())).rejects.toEqual(fault('BUSY', /Another call/));
    await made.letGo();
    expect(await first).toMatchObject({ version: '1.1.0' });
  });

  it('is broken off before it is installed, and not while it is', async () => {
    const made = await panel({ script: `touch "$1.begun"; ${WAIT}; ${TAKE_OVER}` });
    await release(made, '1.1.0');
    await expect(runUpdate(made.agent, { signal: AbortSignal.abort() })).rejects.toEqual(
      fault('DOWNLOAD_BROKEN', /cancelled/),
    );
    const stop = new AbortController();
    const update = runUpdate(made.agent, { signal: stop.signal });
    const begun = () =>
      access(`${made.versionFile}.begun`).then(
        () => true,
        () => false,
      );
    while (!(await begun())) await sleep(50);
    stop.abort();
    await made.letGo();
    expect(await update).toMatchObject({
      version: '1.1.0',
      message: expect.stringContaining('stopped there'),
    });
    expect(await statusOf(made)).toMatchObject({ state: 'done', error: null });
  });

  it.each(['checkUpdate', 'requestDownload'] as const)(
    'keeps what it has installed when it is broken off in the next %s',
    async (call) => {
      const made = await panel();
      await release(made, '1.1.0');
      await release(made, '2.0.0', { minimum_upgrade_version: '1.1.0' });
      const stop = new AbortController();
      const ask = made.agent[call].bind(made.agent) as (version: string) => Promise<never>;
      made.agent[call] = async (version?: string): Promise<never> => {
        if ((await made.runs()) === '1.1.0') stop.abort();
        return ask(version ?? '');
      };
      expect(await runUpdate(made.agent, { signal: stop.signal })).toMatchObject({
        updated: true,
        version: '1.1.0',
        message:
          'Updated from 1.0.0 to 1.1.0. It was stopped there; run the update again to see whether there is more.',
      });
      expect(await statusOf(made)).toMatchObject({ state: 'done', version: '1.1.0', error: null });
    },
  );
});

/** A script that kills the agent, as soon as that has written down whom it has started, and goes on. */
const killsItsAgent = (then: string) =>
  `until grep -q '"hook": {' "\${2%/updates/*}/update.json"; do sleep 0.1; done
  kill -9 $PPID; ${WAIT}; echo still here; ${then}`;

/** Updates in another process; answers the signal that ended it. */
async function updateApart({ settings }: Panel): Promise<NodeJS.Signals | null> {
  const aheadMs = app.clock.now().getTime() - Date.now();
  const child = spawn(process.execPath, [UPDATING_AGENT, JSON.stringify({ settings, aheadMs })], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return (await once(child, 'exit'))[1];
}

describe('a hook that ends the agent which runs it', () => {
  it('goes on without it, and the update has succeeded once the new version runs', async () => {
    const made = await panel({ script: killsItsAgent(TAKE_OVER) });
    await release(made, '1.1.0');
    expect(await updateApart(made)).toBe('SIGKILL');
    expect(await statusOf(made)).toMatchObject({ state: 'installing', version: '1.1.0' });
    await expect(runUpdate(made.agent)).rejects.toEqual(fault('BUSY', /installation of 1\.1\.0 still runs/));
    await made.letGo();
    while ((await statusOf(made)).state === 'installing') await sleep(50);
    expect(await statusOf(made)).toMatchObject({ state: 'done', version: '1.1.0', error: null });
    expect(await readFile(join(made.stateDir, 'update-hook.log'), 'utf8')).toContain(
      'still here\nfrom 1.0.0',
    );
    expect(await runUpdate(made.agent)).toMatchObject({ updated: false, version: '1.1.0' });
  });

  it('is seen through by the daemon that is started then, with the stepping stones after it', async () => {
    const made = await panel({
      script: `if [ "$MOORING_UPDATE_VERSION" = 1.1.0 ]; then ${killsItsAgent(':')}; fi; ${TAKE_OVER}`,
    });
    await release(made, '1.1.0');
    await release(made, '2.0.0', { minimum_upgrade_version: '1.1.0' });
    expect(await updateApart(made)).toBe('SIGKILL');
    await startDaemon(app, { panel: made });
    await sleep(600);
    expect(await statusOf(made)).toMatchObject({ state: 'installing', version: '1.1.0' });
    await made.letGo();
    await until(async () => (await made.runs()) === '2.0.0', 'the second stepping stone');
    await until(async () => (await statusOf(made)).state === 'done', 'the end of the update');
    expect(await statusOf(made)).toMatchObject({ from_version: '1.1.0', version: '2.0.0', installed: true });
  });

  it('has its end written down by the daemon, also when it has failed', async () => {
    const made = await panel({ script: killsItsAgent('exit 0') });
    await release(made, '1.1.0');
    expect(await updateApart(made)).toBe('SIGKILL');
    await startDaemon(app, { panel: made });
    await made.letGo();
    await until(async () => (await storedStatus(made.stateDir)).state === 'failed', 'its end');
    const { finished_at, error } = await storedStatus(made.stateDir);
    expect(finished_at).not.toBeNull();
    expect(error).toMatch(/installation of 1\.1\.0 was interrupted/);
  });

  it('has failed when it is gone and the old version still runs', async () => {
    const made = await panel({ script: killsItsAgent('exit 0') });
    await release(made, '1.1.0');
    expect(await updateApart(made)).toBe('SIGKILL');
    await made.letGo();
    while ((await statusOf(made)).state === 'installing') await sleep(50);
    expect(await statusOf(made)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('installation of 1.1.0 was interrupted'),
    });
  });
});
