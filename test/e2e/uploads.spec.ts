import { hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest, type ClientRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { startApp, type TestApp } from '../setup/app.js';
import { draft, release, storedFiles, upload, uploadHeaders, uploadPath } from '../setup/releases.js';
import { until } from '../setup/until.js';

const MAX = 4_000_000;

let app: TestApp;
let product: any;
beforeAll(async () => {
  app = await startApp({ settings: { MAX_UPLOAD_BYTES: String(MAX) } });
  ({ product } = await app.sell());
});
afterAll(() => app.stop());

let patch = 0;
const newDraft = (): Promise<any> => draft(app, product, { version: `1.0.${patch++}` }, []);

const rows = (versionId: string) => app.sql('select id from artifacts where release_id = $1', [versionId]);

/** An upload whose bytes are sent by hand. */
function begin(
  versionId: string,
  { length = 1_000_000, agent = new Agent(), key = app.adminKey } = {},
): ClientRequest {
  const request = httpRequest(app.url + uploadPath(versionId), {
    method: 'POST',
    agent,
    headers: { ...uploadHeaders(app), 'x-admin-key': key, 'content-length': length },
  });
  // A connection that is cut or refused is what these tests are about.
  return request.on('error', () => undefined);
}

const answerTo = async (request: ClientRequest) => {
  const [response] = await once(request, 'response');
  return { status: response.statusCode, body: JSON.parse(await text(response)) };
};

const staged = async () => (await storedFiles(app)).filter((file) => file.startsWith('staging/'));

describe('an upload', () => {
  it('answers what it is, with a signature that says the same', async () => {
    const { id } = await newDraft();
    const bytes = randomBytes(3_000_000);
    const { status, body } = await upload(app, id, bytes, {
      platform: 'Linux',
      arch: 'x64',
      filename: 'panel für linux.tgz',
    });
    const { signature, ...rest } = body.data;
    expect(status).toBe(201);
    const told = {
      platform: 'linux',
      arch: 'x64',
      filename: 'panel für linux.tgz',
      size: bytes.length,
      sha256: hash('sha256', bytes),
    };
    expect(rest).toEqual({ id: expect.any(String), ...told, created_at: app.clock.now().toISOString() });
    const keys = createLocalJWKSet((await app.request('GET', '/api/v1/license/keys')).body);
    const { payload } = await jwtVerify(signature, keys, {
      typ: 'mooring-artifact+jwt',
      currentDate: app.clock.now(),
    });
    expect(payload).toMatchObject({ product: product.code, ...told });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(30 * 86_400);
    const list = await app.admin('GET', `/versions/${id}/artifacts`);
    expect(list.body).toMatchObject({ data: [rest], meta: { total: 1 } });
    const audit = await app.sql('select action, details from audit_events where subject_id = $1', [rest.id]);
    expect(audit).toMatchObject([{ action: 'artifact.created', details: { version_id: id, ...told } }]);
  });

  it('is stored under a name of its own, never the one that was given', async () => {
    const { id } = await newDraft();
    await upload(app, id, 'bytes', { filename: 'panel.tgz' });
    for (const file of await storedFiles(app)) expect(file).toMatch(/^artifacts\/[0-9a-f-]{36}$/);
  });

  it.each([
    ['../panel.tgz', 'The filename field format is invalid.'],
    ['a/b', 'The filename field format is invalid.'],
    ['a\\b', 'The filename field format is invalid.'],
    ['.bashrc', 'The filename field format is invalid.'],
    ['a\nb', 'The filename field format is invalid.'],
    ['a\u202Eb', 'The filename field format is invalid.'],
    ['a\0b', 'The filename field format is invalid.'],
    ['', 'The filename field is required.'],
    ['  ', 'The filename field is required.'],
    ['a'.repeat(256), 'The filename field must not be greater than 255 characters.'],
  ])('is not called %j', async (filename, message) => {
    const { id } = await newDraft();
    const { status, body } = await upload(app, id, 'bytes', { filename });
    expect([status, body.details]).toEqual([422, { filename: [message] }]);
    expect(await rows(id)).toEqual([]);
  });

  it('takes exactly as much as it may', async () => {
    const before = await storedFiles(app);
    const { id } = await newDraft();
    const tooMuch = await upload(app, id, new Uint8Array(MAX + 1));
    expect([tooMuch.status, tooMuch.body]).toEqual([
      413,
      { success: false, error: 'Request body is too large', code: 'VALIDATION_ERROR' },
    ]);
    expect([await rows(id), await storedFiles(app)]).toEqual([[], before]);
    expect((await upload(app, id, new Uint8Array(MAX))).status).toBe(201);
  });

  it.each([
    ['application/json', '{}'],
    ['application/json', '{"a":1}'],
    ['application/json', '[broken'],
    ['application/json', ''],
    ['multipart/form-data; boundary=x', '{}'],
    ['text/plain', '{}'],
  ])('is not %s: %s', async (contentType, raw) => {
    const { id } = await newDraft();
    const headers = { ...uploadHeaders(app), 'content-type': contentType };
    const { status } = await app.request('POST', uploadPath(id), { raw, headers });
    expect([status, await rows(id)]).toEqual([415, []]);
  });

  it('is not empty', async () => {
    const { id } = await newDraft();
    expect((await upload(app, id, '')).status).toBe(400);
    expect(await rows(id)).toEqual([]);
  });

  it('is one for a platform and architecture, also when two come at once', async () => {
    const { id } = await newDraft();
    expect((await upload(app, id, 'any')).status).toBe(201);
    expect((await upload(app, id, 'linux', { platform: 'linux' })).status).toBe(201);
    const { status, body } = await upload(app, id, 'more', { platform: 'LINUX' });
    expect([status, body.code]).toEqual([409, 'CONFLICT']);
    const before = await storedFiles(app);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => upload(app, id, randomBytes(100_000), { platform: 'darwin' })),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, 409, 409, 409, 409]);
    expect(await storedFiles(app)).toHaveLength(before.length + 1);
    expect(await rows(id)).toHaveLength(3);
  });
});

describe('an upload that is cut off', () => {
  it('leaves neither row nor file', async () => {
    const before = await storedFiles(app);
    const { id } = await newDraft();
    const request = begin(id);
    request.write(randomBytes(500_000));
    expect(await until(staged, (files) => files.length === 1)).toHaveLength(1);
    request.destroy();
    expect(
      await until(
        () => storedFiles(app),
        (files) => files.length === before.length,
      ),
    ).toEqual(before);
    expect(await rows(id)).toEqual([]);
    expect(await app.sql("select 1 from audit_events where details->>'version_id' = $1", [id])).toEqual([]);
  });
});

describe('an upload that is refused', () => {
  it('and cut off while nobody reads it does not take the service down', async () => {
    const { id } = await newDraft();
    const unknown = id.replace(/.{12}$/, '000000000000');
    for (const how of [{ key: 'mk_wrong' }, { key: app.adminKey }]) {
      // One is refused before its sender leaves, the others leave while they are still looked at.
      for (let delayMs = 0; delayMs < 20; delayMs++) {
        const request = begin(unknown, how);
        request.write(randomBytes(1_000));
        await (delayMs === 0 ? answerTo(request) : sleep(delayMs));
        request.destroy();
        await sleep(20);
      }
    }
    expect((await app.request('GET', '/health/live')).status).toBe(200);
  });

  it('at once leaves its connection fit for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { id } = await newDraft();
    for (const versionId of ['nonsense', id]) {
      const request = begin(versionId, { length: 3_000_000, agent });
      request.end(randomBytes(3_000_000));
      expect((await answerTo(request)).status).toBe(versionId === id ? 201 : 404);
    }
    agent.destroy();
  });

  it('for its version, which was deleted meanwhile, leaves no file', async () => {
    const before = await storedFiles(app);
    const { id } = await newDraft();
    const request = begin(id);
    request.write(randomBytes(500_000));
    await until(staged, (files) => files.length === 1);
    await app.must('DELETE', `/versions/${id}`);
    request.end(randomBytes(500_000));
    expect(await answerTo(request)).toMatchObject({ status: 404, body: { error: 'Version not found' } });
    expect(await storedFiles(app)).toEqual(before);
  });
});

describe('the artifacts of a published version', () => {
  it('stay, may be joined by one for another platform, and take none once it is yanked', async () => {
    const { id } = await release(app, product, { version: '2.0.0' }, [{ platform: 'linux' }]);
    const [artifact] = await rows(id);
    const { status, body } = await app.admin('DELETE', `/versions/${id}/artifacts/${artifact.id}`);
    expect([status, body.code]).toEqual([409, 'CONFLICT']);
    expect((await upload(app, id, 'other bytes', { platform: 'linux' })).status).toBe(409);
    expect((await upload(app, id, 'mac', { platform: 'darwin' })).status).toBe(201);
    await app.must('POST', `/versions/${id}/yank`);
    expect((await upload(app, id, 'windows', { platform: 'win32' })).status).toBe(409);
    expect(await rows(id)).toHaveLength(2);
  });

  it('are deleted from a draft alone, with their files', async () => {
    const before = await storedFiles(app);
    const { id } = await draft(app, product, { version: '2.1.0' });
    const [artifact] = await rows(id);
    const other = await newDraft();
    const path = (versionId: string) => `/versions/${versionId}/artifacts/${artifact.id}`;
    expect((await app.admin('DELETE', path(other.id))).body.error).toBe('Artifact not found');
    expect((await app.admin('DELETE', path(id))).status).toBe(200);
    expect([await rows(id), await storedFiles(app)]).toEqual([[], before]);
    expect((await app.admin('DELETE', path(id))).body.error).toBe('Artifact not found');
    const audit = await app.sql('select action from audit_events where subject_id = $1', [artifact.id]);
    expect(audit.map(({ action }) => action).toSorted()).toEqual(['artifact.created', 'artifact.deleted']);
  });
});
