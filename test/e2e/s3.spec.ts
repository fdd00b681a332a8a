import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../setup/app.js';
import { askToken, draft, fetchFile, install, upload, uploadHeaders, uploadPath } from '../setup/releases.js';
import { S3Server } from '../setup/s3-server.js';

let s3: S3Server;
let app: TestApp;
beforeAll(async () => {
  s3 = await S3Server.start('files');
  app = await startApp({
    settings: {
      STORAGE_URL: `s3://files/panel/releases?region=eu-west-1&endpoint=${s3.endpoint}&force_path_style=true`,
      AWS_ACCESS_KEY_ID: s3.account.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.account.secretAccessKey,
    },
  });
});
beforeEach(() => {
  s3.objects.clear();
  s3.failWith = null;
  s3.aheadSeconds = 0;
});
afterAll(async () => {
  await app.stop();
  await s3.stop();
});

const staged = () => readdir(join(String(app.config.DATA_DIR), 'staging'));

const BYTES = randomBytes(300_000);

/** A panel with a token for a file of those bytes. */
async function holder(filename = 'panel für linux.tgz') {
  const world = await install(app);
  const { id } = await app.must('POST', '/versions', { product: world.product.code, version: '1.1.0' });
  await upload(app, id, BYTES, { filename });
  await app.must('POST', `/versions/${id}/publish`);
  const { token } = (await askToken(app, world.asks)).body;
  return { ...world, id, token: String(token) };
}

const locationOf = async (token: string, method = 'GET') =>
  String((await fetchFile(app, token, {}, method)).headers.get('location'));

describe('an upload', () => {
  it('goes to the bucket as it came, under a key that says nothing', async () => {
    const { id } = await draft(app, (await app.sell()).product, { version: '1.0.0' }, []);
    const { status, body } = await upload(app, id, BYTES);
    expect([status, body.data.size]).toEqual([201, BYTES.length]);
    const [[key, object] = []] = [...s3.objects];
    expect(key).toMatch(/^panel\/releases\/artifacts\/[0-9a-f-]{36}$/);
    expect(object?.bytes.equals(BYTES)).toBe(true);
    expect(object?.contentType).toBe('application/octet-stream');
    expect(await staged()).toEqual([]);
  });

  it.each([
    ['SlowDown', 503],
    ['AccessDenied', 500],
  ])('that the bucket refuses with %s leaves nothing', async (code, status) => {
    const { id } = await draft(app, (await app.sell()).product, { version: '1.0.0' }, []);
    s3.failWith = code;
    const answer = await upload(app, id, BYTES);
    expect([answer.status, answer.body.success]).toEqual([status, false]);
    expect(JSON.stringify(answer.body)).not.toContain(code);
    expect(await app.sql('select 1 from artifacts where release_id = $1', [id])).toEqual([]);
    expect(await staged()).toEqual([]);
  });

  it('that is cut off never reaches the bucket', async () => {
    const { id } = await draft(app, (await app.sell()).product, { version: '1.0.0' }, []);
    const request = httpRequest(app.url + uploadPath(id), {
      method: 'POST',
      agent: false,
      headers: { ...uploadHeaders(app), 'content-length': BYTES.length },
    }).on('error', () => undefined);
    request.write(BYTES.subarray(0, 100_000));
    while ((await staged()).length === 0) await sleep(20);
    request.destroy();
    while ((await staged()).length > 0) await sleep(20);
    expect(s3.objects.size).toBe(0);
    expect(await app.sql('select 1 from artifacts where release_id = $1', [id])).toEqual([]);
  });

  it('is removed from the bucket with its version', async () => {
    const { id } = await draft(app, (await app.sell()).product, { version: '1.0.0' }, [
      { platform: 'linux' },
      { platform: 'darwin' },
    ]);
    expect(s3.objects.size).toBe(2);
    await app.must('DELETE', `/versions/${id}`);
    expect(s3.objects.size).toBe(0);
  });

  it('is gone from the versions even where the bucket refuses to remove it', async () => {
    const { id } = await draft(app, (await app.sell()).product, { version: '1.0.0' });
    s3.failWith = 'AccessDenied';
    expect((await app.admin('DELETE', `/versions/${id}`)).status).toBe(200);
    expect((await app.admin('GET', `/versions/${id}`)).status).toBe(404);
  });
});

describe('the file of a token', () => {
  it('is a redirect to an address that ends soon, with the name of the file', async () => {
    const { token } = await holder();
    const { status, headers, body } = await fetchFile(app, token);
    expect([status, body]).toEqual([302, '']);
    expect(headers.get('cache-control')).toBe('private, no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    const address = new URL(String(headers.get('location')));
    expect(address.origin).toBe(s3.endpoint);
    expect(Number(address.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(120);
    const file = await fetch(address);
    expect(file.status).toBe(200);
    expect(Buffer.from(await file.arrayBuffer()).equals(BYTES)).toBe(true);
    expect(file.headers.get('content-disposition')).toContain(
      "filename*=UTF-8''panel%20f%C3%BCr%20linux.tgz",
    );
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('can be resumed there', async () => {
    const { token } = await holder();
    const part = await fetch(await locationOf(token), { headers: { range: 'bytes=299990-' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(BYTES.subarray(299_990))).toBe(true);
  });

  it('has an address of its own for HEAD', async () => {
    const { token } = await holder();
    const { status } = await fetchFile(app, token, {}, 'HEAD');
    expect(status).toBe(302);
    const head = await fetch(await locationOf(token, 'HEAD'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(BYTES.length)]);
    expect((await fetch(await locationOf(token), { method: 'HEAD' })).status).toBe(403);
  });

  it('is not given for an address that was changed or has ended', async () => {
    const { token } = await holder();
    const address = new URL(await locationOf(token));
    const changed = new URL(address);
    changed.searchParams.set('X-Amz-Expires', '604800');
    expect((await fetch(changed)).status).toBe(403);
    expect((await fetch(`${address.origin}${address.pathname}`)).status).toBe(403);
    s3.aheadSeconds = 121;
    expect((await fetch(address)).status).toBe(403);
    s3.aheadSeconds = 0;
    expect((await fetch(address)).status).toBe(200);
  });

  it('is no redirect once the token is dead', async () => {
    const { token, id } = await holder();
    await app.must('POST', `/versions/${id}/yank`);
    const { status, headers, body } = await fetchFile(app, token);
    expect([status, body, headers.get('location')]).toEqual([401, { error: 'Invalid download token' }, null]);
  });
});

describe('a bucket that nobody can reach', () => {
  it('fails uploads as a dependency that is down, and nothing else', async () => {
    const lonely = await startApp({
      settings: {
        // Nothing takes this port by chance; one that a server gave back may be somebody else’s by now.
        STORAGE_URL: 's3://files?region=x&endpoint=http://127.0.0.1:1&force_path_style=true',
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
      },
    });
    try {
      const { asks, product } = await install(lonely);
      const { id } = await draft(lonely, product, { version: '1.1.0' }, []);
      const { status, headers } = await upload(lonely, id, BYTES);
      expect([status, headers.get('retry-after')]).toEqual([503, '5']);
      expect(
        (await lonely.panel('validate', { ...asks, version: '1.0.0', current_version: undefined })).status,
      ).toBe(200);
    } finally {
      await lonely.stop();
    }
  });
});
