import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { release } from '../../../test/setup/releases.js';
import { failure, startDaemon, stopDaemons, type TestDaemon } from '../setup/daemons.js';
import { install, removePanels } from '../setup/panels.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

/** A licensed panel of which 1.1.0 is out, and whose hook is the script. */
async function updatable(hook: string) {
  const { key, product } = await app.sell();
  await release(app, product, { version: '1.1.0' });
  const base = await install(app);
  const folder = join(base.stateDir, '..');
  const [versionFile, script] = [join(folder, 'VERSION'), join(folder, 'hook')];
  await writeFile(versionFile, '1.0.0\n');
  await writeFile(script, `#!/bin/sh\nset -eu\ncd '${folder}'\n${hook}\n`);
  await chmod(script, 0o755);
  const agent = base.twin({ versionFile, updateHook: [script] });
  const panel = { ...base, agent, settings: agent.settings };
  const daemon = await startDaemon(app, { panel });
  await daemon.call('POST', '/license/activate', { key });
  return { daemon, folder, versionFile, panel };
}

const stateOf = async (daemon: TestDaemon): Promise<string> =>
  (await daemon.call('GET', '/version/update/status')).body.state;

const ends = (daemon: TestDaemon) =>
  until(
    async () => ['done', 'downloaded', 'failed'].includes(await stateOf(daemon)),
    'the end of the update',
  );

describe('an update by the daemon', () => {
  it('is idle before the first', async () => {
    const daemon = await startDaemon(app);
    expect((await daemon.call('GET', '/version/update/status')).body).toEqual({
      state: 'idle',
      from_version: null,
      version: null,
      received: 0,
      size: null,
      error: null,
      installed: false,
      path: null,
      message: null,
      updates_expired: false,
      started_at: null,
      finished_at: null,
    });
  });

  it('is answered when it starts, runs alone, and installs', async () => {
    const { daemon, folder, versionFile } = await updatable(
      'until [ -e go ]; do [ -e VERSION ] || exit 1; sleep 0.1; done; cp "$1" installed; echo "$MOORING_UPDATE_VERSION" > VERSION',
    );
    const started = await daemon.call('POST', '/version/update');
    expect(started.status).toBe(202);
    expect(started.body).toMatchObject({ from_version: '1.0.0', error: null, finished_at: null });
    expect(['checking', 'downloading', 'installing']).toContain(started.body.state);
    await until(async () => (await stateOf(daemon)) === 'installing', 'the installation');
    const second = await daemon.call('POST', '/version/update', { version: '1.1.0' });
    expect(second.body).toEqual(failure(409, 'CONFLICT', 'An update is running already'));
    await writeFile(join(folder, 'go'), '');
    await ends(daemon);
    expect((await daemon.call('GET', '/version/update/status')).body).toMatchObject({
      state: 'done',
      version: '1.1.0',
      error: null,
      installed: true,
      path: expect.stringMatching(/^\//),
      message: 'Updated from 1.0.0 to 1.1.0.',
      updates_expired: false,
    });
    expect(await readFile(join(folder, 'installed'), 'utf8')).toBe('the bytes of 1.1.0');
    expect(await readFile(versionFile, 'utf8')).toBe('1.1.0\n');
    expect((await daemon.call('GET', '/version/info')).body.current_version).toBe('1.1.0');
    expect((await daemon.call('GET', '/version/check')).body.update_available).toBe(false);
  });

  it('tells why it failed, and may be tried again', async () => {
    const { daemon, folder } = await updatable('test -e ready && echo "$MOORING_UPDATE_VERSION" > VERSION');
    expect((await daemon.call('POST', '/version/update', { version: '1.1.0' })).status).toBe(202);
    await ends(daemon);
    expect((await daemon.call('GET', '/version/update/status')).body).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('exit code'),
    });
    await writeFile(join(folder, 'ready'), '');
    expect((await daemon.call('POST', '/version/update', {})).status).toBe(202);
    await until(async () => (await stateOf(daemon)) === 'done', 'the second try');
  });

  it('does not begin in vain', async () => {
    const { daemon } = await updatable('exit 0');
    for (const version of ['0.9.0', '1.0.0']) {
      expect((await daemon.call('POST', '/version/update', { version })).body).toEqual(
        failure(404, 'NOT_FOUND', expect.stringContaining(`${version} is not newer than 1.0.0`)),
      );
    }
    await daemon.call('POST', '/license/deactivate');
    expect((await daemon.call('POST', '/version/update')).body).toMatchObject({
      status: 409,
      code: 'NOT_ACTIVATED',
    });
    expect(await stateOf(daemon)).toBe('idle');
  });

  it('says that it has only downloaded where there is no hook, and when there is nothing newer', async () => {
    const { key, product } = await app.sell();
    const daemon = await startDaemon(app);
    await daemon.call('POST', '/license/activate', { key });
    await daemon.call('POST', '/version/update');
    await ends(daemon);
    const status = async () => (await daemon.call('GET', '/version/update/status')).body;
    expect(await status()).toMatchObject({
      state: 'done',
      version: null,
      installed: false,
      path: null,
      error: null,
      message: 'Version 1.0.0 runs, and there is nothing newer for it.',
    });
    await release(app, product, { version: '1.1.0' });
    expect((await daemon.call('POST', '/version/update')).status).toBe(202);
    await until(async () => (await status()).version === '1.1.0', 'the download');
    await ends(daemon);
    const { path, ...rest } = await status();
    expect(rest).toMatchObject({
      version: '1.1.0',
      installed: false,
      error: null,
      message: expect.stringMatching(/No update hook is set, so install it by hand/),
    });
    expect(await readFile(path, 'utf8')).toBe('the bytes of 1.1.0');
  });

  it('does not start where the version that runs is unknown', async () => {
    const daemon = await startDaemon(app, { settings: { version: null } });
    expect((await daemon.call('POST', '/version/update')).body).toMatchObject({
      status: 500,
      code: 'INTERNAL_ERROR',
    });
    expect(await stateOf(daemon)).toBe('idle');
  });

  it('goes on when the daemon stops in the middle of the installation', async () => {
    const { daemon, folder, versionFile, panel } = await updatable(
      'touch begun; until [ -e go ]; do [ -e VERSION ] || exit 1; sleep 0.1; done; echo "$MOORING_UPDATE_VERSION" > VERSION',
    );
    await daemon.call('POST', '/version/update');
    await until(async () => (await stateOf(daemon)) === 'installing', 'the installation');
    const stopped = daemon.daemon.stop();
    await stopped;
    const next = await startDaemon(app, { panel });
    expect(await stateOf(next)).toBe('installing');
    expect((await next.call('POST', '/version/update')).status).toBe(409);
    await writeFile(join(folder, 'go'), '');
    await until(async () => (await stateOf(next)) === 'done', 'the end of the installation');
    expect(await readFile(versionFile, 'utf8')).toBe('1.1.0\n');
  });
});
