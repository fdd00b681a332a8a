import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { serve } from '../../src/serve/serve.js';
import { asTimePasses, startDaemon, stopDaemons } from '../setup/daemons.js';
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

const fault = (code: string, message: RegExp) =>
  expect.objectContaining({ name: 'AgentFault', code, message: expect.stringMatching(message) });

describe('the token', () => {
  it('is made at the first start for the owner alone, and kept', async () => {
    const first = await startDaemon(app);
    const { tokenFile } = first.daemon;
    expect(tokenFile).toBe(join(first.panel.stateDir, 'panel-token'));
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expect(first.token).toMatch(/^mat_[\w-]{43}$/);
    expect((await readdir(first.panel.stateDir)).toSorted()).toEqual(['panel-token', 'serve.lock']);
    await first.daemon.stop();
    const second = await startDaemon(app, { panel: first.panel });
    expect(second.token).toBe(first.token);
  });

  it('may lie elsewhere, be readable by a group, and be of the own making', async () => {
    const panel = await install(app);
    const tokenFile = join(panel.stateDir, '..', 'token');
    await writeFile(tokenFile, 'a token of sixteen letters or more'.replaceAll(' ', '_'));
    await chmod(tokenFile, 0o640);
    const daemon = await startDaemon(app, { panel, tokenFile });
    expect((await daemon.call('GET', '/license/')).status).toBe(200);
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o640);
  });

  it.each([
    ['every user may read', 'x'.repeat(32), 0o644, /^Every user of this machine.*chmod o= /],
    ['every user may write', 'x'.repeat(32), 0o602, /^Every user of this machine/],
    ['is empty', '', 0o600, /holds no token/],
    ['is short', 'password', 0o600, /holds no token/],
    ['holds spaces', 'x '.repeat(32), 0o600, /holds no token/],
    ['is long', 'x'.repeat(2_000), 0o600, /is no token file/],
  ])('is refused in a file that %s', async (_, content, mode, message) => {
    const panel = await install(app);
    const tokenFile = join(panel.stateDir, '..', 'token');
    await writeFile(tokenFile, content);
    await chmod(tokenFile, mode);
    await expect(startDaemon(app, { panel, tokenFile })).rejects.toEqual(fault('FILE_UNACCEPTABLE', message));
    expect(await readFile(tokenFile, 'utf8')).toBe(content);
  });

  it('is refused where its file is a folder, or leads nowhere', async () => {
    const panel = await install(app);
    const tokenFile = join(panel.stateDir, '..', 'token');
    await mkdir(tokenFile);
    await expect(startDaemon(app, { panel, tokenFile })).rejects.toEqual(
      fault('FILE_UNACCEPTABLE', /is no token file/),
    );
    await expect(startDaemon(app, { panel, tokenFile: '/nowhere/at/all/token' })).rejects.toEqual(
      fault('STATE_UNWRITABLE', /\/nowhere\/at\/all\/token/),
    );
  });
});

describe('the daemon', () => {
  it('is alone on its folder', async () => {
    const { panel, daemon } = await startDaemon(app);
    await expect(startDaemon(app, { panel })).rejects.toEqual(fault('BUSY', /Another call of this agent/));
    await daemon.stop();
    await expect(startDaemon(app, { panel })).resolves.toMatchObject({ panel });
  });

  it('does not keep the command line out', async () => {
    const { key } = await app.sell();
    const { panel } = await startDaemon(app);
    expect(await panel.twin().activate(key)).toMatchObject({ answer: 'granted' });
  });

  it('says so when its port is taken, and lets go of the folder', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const panel = await install(app);
    await expect(startDaemon(app, { panel, port })).rejects.toEqual(
      fault('USAGE', new RegExp(`^127\\.0\\.0\\.1:${port} is in use`)),
    );
    other.close();
    await expect(startDaemon(app, { panel })).resolves.toMatchObject({ panel });
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'panel.example.com', '127.0.0.1.example', '::ffff:10.0.0.1', ''])(
    'does not listen on %j',
    async (host) => {
      const { agent } = await install(app);
      await expect(serve(agent, { host, port: 0 })).rejects.toEqual(fault('USAGE', /127\.0\.0\.1/));
    },
  );

  it.each(['localhost', '127.0.0.2'])('listens on %s', async (host) => {
    const daemon = await startDaemon(app, { host });
    expect(new URL(daemon.daemon.url).hostname).toBe(host);
    expect((await daemon.call('GET', '/license/')).status).toBe(200);
  });

  it('stops by a signal, in the middle of a call that never ends', async () => {
    const stopping = new AbortController();
    const { daemon, token, lines } = await startDaemon(app, { signal: stopping.signal });
    const { port } = new URL(daemon.url);
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    // The invitation to send the rest says that the daemon has the call.
    socket.write(
      `POST /api/v1/license/activate HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n{`,
    );
    const invitation = 'HTTP/1.1 100 Continue\r\n\r\n';
    await until(() => received === invitation, 'the invitation');
    stopping.abort();
    await daemon.stopped;
    await closed;
    // No answer: the call was under way to the end, and was not waited for.
    expect(received).toBe(invitation);
    expect(lines.at(-1)).toBe('Stopped');
    await expect(fetch(daemon.url)).rejects.toThrow('fetch failed');
  });

  it('does not start under a signal that was given already', async () => {
    const { daemon } = await startDaemon(app, { signal: AbortSignal.abort() });
    await daemon.stopped;
    await expect(fetch(daemon.url)).rejects.toThrow('fetch failed');
  });

  it('goes on when the state cannot be read, and tells it in the envelope', async () => {
    const { key } = await app.sell();
    const daemon = await startDaemon(app);
    await daemon.call('POST', '/license/activate', { key });
    const file = join(daemon.panel.stateDir, 'state.json');
    const state = await readFile(file);
    await writeFile(file, 'not what an agent wrote');
    expect((await daemon.call('GET', '/license/')).body.license).toMatchObject({
      is_valid: false,
      code: 'STATE_DAMAGED',
    });
    expect((await daemon.call('POST', '/license/refresh')).body).toMatchObject({
      status: 500,
      code: 'STATE_DAMAGED',
    });
    const isTold = () => daemon.lines.some((line) => line.includes('STATE_DAMAGED'));
    await asTimePasses(daemon.panel, isTold, 'a line about it');
    await writeFile(file, state);
    expect((await daemon.call('GET', '/license/')).body.license.is_valid).toBe(true);
  });

  it('keeps what it says on one line each', async () => {
    const daemon = await startDaemon(app);
    expect(daemon.lines[0]).toBe(
      `The panel API listens on ${daemon.daemon.url}; its token is in ${daemon.daemon.tokenFile}`,
    );
    // Before that there is no telling which look meets the link.
    const isLooked = () => daemon.lines.some((line) => line.includes('NOT_ACTIVATED'));
    await until(isLooked, 'what the first look says');
    await symlink('/nowhere', join(daemon.panel.stateDir, 'state.json'));
    await asTimePasses(daemon.panel, () => daemon.lines.length > 2, 'a line about the link');
    for (const line of daemon.lines) expect(line).not.toMatch(/[\r\n]/);
  });
});
