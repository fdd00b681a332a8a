import { hash, randomBytes } from 'node:crypto';
import { appendFile, open, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../setup/app.js';
import { askToken, fetchFile, install, release, storedFiles, upload } from '../setup/releases.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const TEXT = 'the bytes of 1.1.0';

/** A panel with a token for a file that holds TEXT. */
async function holder(given: Parameters<typeof install>[1] = {}, filename = 'panel.tgz') {
  const world = await install(app, given);
  const version = await release(app, world.product, { version: '1.1.0' }, [{ filename }]);
  const { token } = (await askToken(app, world.asks)).body;
  return { ...world, version, token: String(token) };
}

/** A token for a file of these bytes. */
async function tokenFor(bytes: Buffer): Promise<string> {
  const world = await install(app);
  const version = await app.must('POST', '/versions', { product: world.product.code, version: '1.1.0' });
  await upload(app, version.id, bytes);
  await app.must('POST', `/versions/${version.id}/publish`);
  return String((await askToken(app, world.asks)).body.token);
}

const DEAD = [401, { error: 'Invalid download token' }];
const answerOf = async (token: string) => {
  const { status, body } = await fetchFile(app, token);
  return [status, body];
};

describe('the file of a token', () => {
  it('comes whole, with its name and its hash for a tag, and is stored nowhere', async () => {
    const { token } = await holder();
    const { status, headers, body } = await fetchFile(app, token);
    expect([status, body]).toEqual([200, TEXT]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-length': '18',
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename=panel.tgz',
      etag: `"${hash('sha256', TEXT)}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-store',
      'referrer-policy': 'no-referrer',
    });
  });

  it('is told about by HEAD, which ignores ranges', async () => {
    const { token } = await holder();
    const { status, headers, body } = await fetchFile(app, token, { range: 'bytes=0-3' }, 'HEAD');
    expect([status, body, headers.get('content-length')]).toEqual([200, '', '18']);
    expect(headers.get('etag')).toBe(`"${hash('sha256', TEXT)}"`);
  });

  it.each([
    ['bytes=0-2', 'the', 'bytes 0-2/18'],
    ['bytes=13-', '1.1.0', 'bytes 13-17/18'],
    ['bytes=-5', '1.1.0', 'bytes 13-17/18'],
    ['bytes=10-9999', 'of 1.1.0', 'bytes 10-17/18'],
    ['bytes=-9999', TEXT, 'bytes 0-17/18'],
  ])('is answered in part for %s', async (range, bytes, contentRange) => {
    const { token } = await holder();
    const { status, headers, body } = await fetchFile(app, token, { range });
    expect([status, body, headers.get('content-range')]).toEqual([206, bytes, contentRange]);
    expect(headers.get('content-length')).toBe(String(bytes.length));
  });

  it('is fetched whole where several ranges or other units are asked for', async () => {
    const { token } = await holder();
    for (const range of ['bytes=0-1,5-6', 'lines=1-2']) {
      expect(await fetchFile(app, token, { range })).toMatchObject({ status: 200, body: TEXT });
    }
  });

  it('refuses a range behind its end in the bare envelope', async () => {
    const { token } = await holder();
    const { status, headers, body } = await fetchFile(app, token, { range: 'bytes=18-' });
    expect([status, body]).toEqual([416, { error: 'Range not satisfiable' }]);
    expect(headers.get('content-range')).toBe('bytes */18');
    expect(headers.get('content-disposition')).toBeNull();
  });

  it('heeds conditions: a part only of the same bytes, nothing that is there already', async () => {
    const { token } = await holder();
    const etag = `"${hash('sha256', TEXT)}"`;
    const status = async (headers: Record<string, string>) => (await fetchFile(app, token, headers)).status;
    expect(await status({ range: 'bytes=0-2', 'if-range': etag })).toBe(206);
    expect(await status({ range: 'bytes=0-2', 'if-range': '"other"' })).toBe(200);
    expect(await status({ range: 'bytes=0-2', 'if-range': 'Mon, 01 Mar 2027 12:00:00 GMT' })).toBe(200);
    expect(await status({ 'if-none-match': etag })).toBe(304);
    expect(await status({ 'if-none-match': '"other"' })).toBe(200);
    expect(await status({ 'if-match': etag })).toBe(200);
    expect(await status({ 'if-match': '"other"' })).toBe(412);
  });

  it.each(['Panel für Ωmega.tgz', 'a "b"; c.tgz', "it's 100%.tgz"])('may be named %s', async (filename) => {
    const { token } = await holder({}, filename);
    const { status, headers } = await fetchFile(app, token);
    expect(status).toBe(200);
    const disposition = String(headers.get('content-disposition'));
    const extended = /filename\*=UTF-8''(\S+)/.exec(disposition)?.[1];
    const quoted = /filename="((?:[^"\\]|\\.)*)"/.exec(disposition)?.[1];
    const name = extended === undefined ? quoted?.replace(/\\(.)/g, '$1') : decodeURIComponent(extended);
    expect(name).toBe(filename);
  });

  it('may be fetched in parts, again and at once', async () => {
    const { token } = await holder();
    const parts = await Promise.all(
      ['bytes=0-5', 'bytes=6-11', 'bytes=12-'].map((range) => fetchFile(app, token, { range })),
    );
    expect(parts.map(({ body }) => body).join('')).toBe(TEXT);
  });
});

describe('files that are asked for at the same moment', () => {
  it('go each to its own token, and to none that is dead', async () => {
    const bytes = Array.from({ length: 6 }, (_, index) => randomBytes(1_000 + index));
    const tokens = await Promise.all(bytes.map(tokenFor));
    const unborn = 'A'.repeat(43);
    const asked = [unborn, ...tokens, unborn, ...tokens.toReversed()];
    const expected = [null, ...bytes, null, ...bytes.toReversed()].map(
      (file) => file && hash('sha256', file),
    );
    const got = await Promise.all(
      asked.map(async (token) => {
        const response = await fetch(`${app.url}/api/v1/download/file/${token}`);
        const body = Buffer.from(await response.arrayBuffer());
        return response.status === 401 ? null : hash('sha256', body);
      }),
    );
    expect(got).toEqual(expected);
  });
});

describe('a token dies', () => {
  it('after 15 minutes, to the second', async () => {
    const { token } = await holder();
    app.clock.advance({ seconds: 899 });
    expect((await fetchFile(app, token)).status).toBe(200);
    app.clock.advance({ seconds: 1 });
    expect(await answerOf(token)).toEqual(DEAD);
  });

  it.each<[string, (world: Awaited<ReturnType<typeof holder>>) => Promise<unknown>]>([
    ['a revocation', ({ license }) => app.must('POST', `/licenses/${license.id}/revoke`)],
    ['a suspension', ({ license }) => app.must('POST', `/licenses/${license.id}/suspend`)],
    [
      'the end of its license',
      ({ license }) =>
        app.must('PATCH', `/licenses/${license.id}`, { expires_at: app.clock.now().toISOString() }),
    ],
    [
      'the end of its seat',
      ({ asks }) => app.panel('deactivate', { ...asks, version: '1.0.0', current_version: undefined }),
    ],
    ['a yank', ({ version }) => app.must('POST', `/versions/${version.id}/yank`)],
    ['the blocklist', ({ hardware }) => app.must('POST', '/blocklist', { hardware_id: hardware })],
  ])('at once with %s', async (_, end) => {
    const world = await holder();
    expect((await fetchFile(app, world.token)).status).toBe(200);
    await end(world);
    expect(await answerOf(world.token)).toEqual(DEAD);
  });

  it.each<[string, (world: Awaited<ReturnType<typeof holder>>) => Promise<unknown>]>([
    [
      'a suspension that is lifted',
      async ({ license }) => {
        await app.must('POST', `/licenses/${license.id}/suspend`);
        await app.must('POST', `/licenses/${license.id}/reinstate`);
      },
    ],
    [
      'an end that is moved back, and away again',
      async ({ license }) => {
        const expires_at = app.clock.now().toISOString();
        await app.must('PATCH', `/licenses/${license.id}`, { expires_at });
        await app.must('PATCH', `/licenses/${license.id}`, { expires_at: null });
      },
    ],
    [
      'an end that comes, and a renewal',
      async ({ license }) => {
        const expires_at = new Date(app.clock.now().getTime() + 1_000).toISOString();
        await app.must('PATCH', `/licenses/${license.id}`, { expires_at });
        app.clock.advance({ seconds: 1 });
        await app.must('POST', `/licenses/${license.id}/renew`, { days: 30 });
      },
    ],
    [
      'a block that is lifted',
      async ({ hardware }) => {
        const { id } = await app.must('POST', '/blocklist', { hardware_id: hardware });
        await app.admin('DELETE', `/blocklist/${id}`);
      },
    ],
  ])('for good with %s', async (_, endAndUndo) => {
    const world = await holder();
    const other = await holder();
    await endAndUndo(world);
    expect(await answerOf(world.token)).toEqual(DEAD);
    expect((await askToken(app, world.asks)).status).toBe(201);
    expect((await fetchFile(app, other.token)).status).toBe(200);
  });

  it('with its license also when it was for a first install', async () => {
    const { license, key } = await holder();
    const { token } = (await askToken(app, { license_key: key }, { 'x-admin-key': app.adminKey })).body;
    expect((await fetchFile(app, token)).status).toBe(200);
    await app.must('POST', `/licenses/${license.id}/revoke`);
    expect(await answerOf(token)).toEqual(DEAD);
  });

  it.each(['x', 'A'.repeat(43), 'A'.repeat(300), '%00', '..%2f..%2fetc%2fpasswd'])(
    'unborn when it is %s',
    async (token) => {
      const { status, headers, body } = await fetchFile(app, token);
      expect([status, body]).toEqual(DEAD);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    },
  );
});

const storageFolder = () => join(String(app.config.DATA_DIR), 'storage');

/** The stored files that this process, which is also the service, has open. */
const openFiles = async (): Promise<string[]> => {
  const storage = await realpath(storageFolder());
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(storage));
};

describe('a large file', () => {
  it('comes byte for byte, whole and in parts at once', async () => {
    const bytes = randomBytes(5_000_001);
    const token = await tokenFor(bytes);
    const fetchBytes = async (start: number, end: number) => {
      const headers = { range: `bytes=${start}-${end - 1}` };
      const response = await fetch(`${app.url}/api/v1/download/file/${token}`, { headers });
      const got = Buffer.from(await response.arrayBuffer());
      return [response.status, got.equals(bytes.subarray(start, end))];
    };
    const eighth = 625_000;
    const starts = Array.from({ length: 8 }, (_, index) => index * eighth);
    expect(await Promise.all(starts.map((start) => fetchBytes(start, start + eighth)))).toEqual(
      starts.map(() => [206, true]),
    );
    expect(await fetchBytes(0, bytes.length)).toEqual([206, true]);
    const whole = await fetch(`${app.url}/api/v1/download/file/${token}`);
    expect(hash('sha256', Buffer.from(await whole.arrayBuffer()))).toBe(hash('sha256', bytes));
  });
});

describe('on the disk', () => {
  it('no file stays open for clients that leave in the middle', async () => {
    const token = await tokenFor(randomBytes(8_000_000));
    for (let i = 0; i < 20; i++) {
      const request = get(`${app.url}/api/v1/download/file/${token}`, { agent: false });
      const [response] = await once(request, 'response');
      await once(response, 'data');
      response.on('error', () => undefined);
      request.destroy();
    }
    while ((await openFiles()).length > 0) await sleep(50);

    // One that stayed open would have been seen.
    const [name = ''] = await storedFiles(app);
    const handle = await open(join(storageFolder(), name));
    expect(await openFiles()).toHaveLength(1);
    await handle.close();
    expect(await openFiles()).toEqual([]);
  });

  it('no file stays open for clients that leave while answers wait behind the first', async () => {
    const bytes = randomBytes(8_000_000);
    const tokens = [await tokenFor(bytes), await tokenFor(bytes), await tokenFor(bytes)];
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    for (const token of tokens)
      socket.write(`GET /api/v1/download/file/${token} HTTP/1.1\r\nHost: panel\r\n\r\n`);
    // Nothing is read: the first answer fills the socket and stays, and the others behind it.
    while ((await openFiles()).length < 3) await sleep(20);
    socket.destroy();
    while ((await openFiles()).length > 0) await sleep(20);
    expect(await openFiles()).toEqual([]);
  });

  it('a file that is gone or was changed is a failure of ours, and never other bytes', async () => {
    const earlier = new Set(await storedFiles(app));
    const { token } = await holder();
    const name = (await storedFiles(app)).find((file) => !earlier.has(file));
    const path = join(storageFolder(), String(name));
    await appendFile(path, '!');
    expect(await fetchFile(app, token)).toMatchObject({
      status: 500,
      body: { error: 'Internal server error' },
    });
    await rm(path);
    expect(await fetchFile(app, token)).toMatchObject({
      status: 500,
      body: { error: 'Internal server error' },
    });
  });
});
