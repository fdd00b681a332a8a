import { randomBytes } from 'node:crypto';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  // A connection for each call of a burst: what waits for one longer than five seconds is refused.
  app = await startApp({ settings: { DATABASE_POOL_SIZE: '60' } });
});
afterAll(() => app.stop());

const newCode = () => `p-${randomBytes(4).toString('hex')}`;
const make = (body: object = {}) =>
  app.must('POST', '/products', { code: newCode(), name: 'Panel', ...body });
const events = (subjectId: string) =>
  app.sql('select * from audit_events where subject_id = $1 order by id', [subjectId]);

const keyFor = async (permissions: string[]) =>
  (await app.must('POST', '/api-keys', { name: 'Scoped', permissions })).key;
const as = (key: string, method: string, path: string, body?: unknown) =>
  app.request(method, `/api/v1/admin${path}`, { body, headers: { 'x-admin-key': key } });

describe('a product', () => {
  it('is made, read and listed as it was given', async () => {
    const code = newCode();
    const { status, body } = await app.admin('POST', '/products', {
      code,
      name: 'Panel',
      key_prefix: 'pan3l',
      minimum_version: '1.2.0',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      data: {
        id: expect.stringMatching(/^[0-9a-f-]{14}7[0-9a-f]{3}-/),
        code,
        name: 'Panel',
        key_prefix: 'PAN3L',
        minimum_version: '1.2.0',
        created_at: '2027-03-01T12:00:00.000Z',
        updated_at: '2027-03-01T12:00:00.000Z',
      },
    });
    expect((await app.admin('GET', `/products/${body.data.id}`)).body).toEqual(body);
    const listed = await app.admin('GET', `/products?code=${code}`);
    expect(listed.body.data).toEqual([body.data]);
  });

  it('begins its keys with its code where no prefix is given', async () => {
    expect(await make({ code: 'server-panel' })).toMatchObject({
      key_prefix: 'SERVERPA',
      minimum_version: null,
    });
    expect(await make({ code: '1st' })).toMatchObject({ key_prefix: 'KEY' });
    const { key } = await app.sell({ product: { key_prefix: undefined, code: 'hosting' } });
    expect(key).toMatch(/^HOSTING(-[0-9A-Z]{4}){5}$/);
  });

  it('is changed field by field, and the audit log tells from what to what', async () => {
    const product = await make({ key_prefix: 'OLD' });
    app.clock.advance({ seconds: 5 });
    const patch = (body: object) => app.must('PATCH', `/products/${product.id}`, body);
    expect(await patch({ name: 'Renamed' })).toEqual({
      ...product,
      name: 'Renamed',
      updated_at: app.clock.now().toISOString(),
    });
    expect(await patch({ key_prefix: 'new', minimum_version: '2.0.0' })).toMatchObject({
      key_prefix: 'NEW',
      minimum_version: '2.0.0',
    });
    expect(await patch({ minimum_version: null })).toMatchObject({
      minimum_version: null,
      key_prefix: 'NEW',
    });
    const { code } = product;
    expect((await events(product.id)).map(({ action, details }) => [action, details])).toEqual([
      [
        'product.created',
        {
          code,
          changes: {
            code: { from: null, to: code },
            name: { from: null, to: 'Panel' },
            key_prefix: { from: null, to: 'OLD' },
          },
        },
      ],
      ['product.updated', { code, changes: { name: { from: 'Panel', to: 'Renamed' } } }],
      [
        'product.updated',
        {
          code,
          changes: {
            key_prefix: { from: 'OLD', to: 'NEW' },
            minimum_version: { from: null, to: '2.0.0' },
          },
        },
      ],
      ['product.updated', { code, changes: { minimum_version: { from: '2.0.0', to: null } } }],
    ]);
  });

  it('leaves no trace of a change that changes nothing', async () => {
    const product = await make();
    app.clock.advance({ seconds: 5 });
    for (const body of [{}, { name: product.name }]) {
      expect(await app.must('PATCH', `/products/${product.id}`, body)).toEqual(product);
    }
    expect(await events(product.id)).toHaveLength(1);
  });

  it('keeps the keys already sold valid when its prefix changes', async () => {
    const { product, key, license } = await app.sell({ license: { max_activations: 2 } });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('PATCH', `/products/${product.id}`, { key_prefix: 'OTHER' });
    expect((await app.panel('validate', panelBody(key.toLowerCase(), hardware))).status).toBe(200);
    const rotated = await app.must('POST', `/licenses/${license.id}/rotate-key`);
    expect(rotated.key).toMatch(/^OTHER-/);
    expect((await app.panel('validate', panelBody(rotated.key, hardware))).status).toBe(200);
  });

  it('raises its floor for the very next call of every panel', async () => {
    const { product, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('PATCH', `/products/${product.id}`, { minimum_version: '1.0.1' });
    const refused = await app.panel('validate', panelBody(key, hardware));
    expect(refused.body).toMatchObject({ valid: false, code: 'VERSION_TOO_LOW' });
    await app.must('PATCH', `/products/${product.id}`, { minimum_version: null });
    expect((await app.panel('validate', panelBody(key, hardware))).status).toBe(200);
  });

  it('is gone once deleted', async () => {
    const product = await make();
    const { status, body } = await app.admin('DELETE', `/products/${product.id}`);
    expect([status, body]).toEqual([200, { success: true, data: null }]);
    for (const [method, sent] of [['GET'], ['PATCH', {}], ['DELETE']] as const) {
      const answer = await app.admin(method, `/products/${product.id}`, sent);
      expect(answer.status).toBe(404);
      expect(answer.body).toEqual({ success: false, error: 'Product not found', code: 'NOT_FOUND' });
    }
    expect((await events(product.id)).at(-1)).toMatchObject({
      action: 'product.deleted',
      actor_type: 'api_key',
      subject_type: 'product',
      details: { code: product.code },
    });
  });

  it('stays while it has licenses', async () => {
    const { product } = await app.sell();
    const { status, body } = await app.admin('DELETE', `/products/${product.id}`);
    expect(status).toBe(409);
    expect(body).toEqual({ success: false, error: 'The product still has licenses.', code: 'CONFLICT' });
    expect((await app.admin('GET', `/products/${product.id}`)).status).toBe(200);
    expect((await events(product.id)).map(({ action }) => action)).toEqual(['product.created']);
  });

  it('stays while it has versions', async () => {
    const product = await make();
    await app.must('POST', '/versions', { product: product.code, version: '1.0.0' });
    const { status, body } = await app.admin('DELETE', `/products/${product.id}`);
    expect([status, body.error]).toEqual([409, 'The product still has versions.']);
  });

  it('is not found under an id that is none', async () => {
    for (const id of ['1', 'not-a-uuid', '%00', '0192f5c4-1f2e-7000-8000-000000000000']) {
      expect((await app.admin('GET', `/products/${id}`)).body).toEqual({
        success: false,
        error: 'Product not found',
        code: 'NOT_FOUND',
      });
    }
  });

  it.each([
    [{ code: undefined }, { code: ['The code field is required.'] }],
    [{ code: 'Panel' }, { code: ['The code field format is invalid.'] }],
    [{ code: '-panel' }, { code: ['The code field format is invalid.'] }],
    [{ code: 'a'.repeat(65) }, { code: ['The code field must not be greater than 64 characters.'] }],
    [{ code: 7 }, { code: ['The code field must be a string.'] }],
    [{ name: '' }, { name: ['The name field is required.'] }],
    [{ name: 'a\0b' }, { name: ['The name field format is invalid.'] }],
    [{ key_prefix: '1A' }, { key_prefix: ['The key prefix field format is invalid.'] }],
    [{ key_prefix: 'A-B' }, { key_prefix: ['The key prefix field format is invalid.'] }],
    [{ key_prefix: 'ÄB' }, { key_prefix: ['The key prefix field format is invalid.'] }],
    [
      { key_prefix: 'A'.repeat(17) },
      { key_prefix: ['The key prefix field must not be greater than 16 characters.'] },
    ],
    [{ minimum_version: 'v1' }, { minimum_version: ['The minimum version field must be a valid version.'] }],
    [{ colour: 'red' }, { colour: ['The colour field is prohibited.'] }],
  ])('is refused with %j', async (change, details) => {
    const { status, body } = await app.admin('POST', '/products', {
      code: newCode(),
      name: 'Panel',
      ...change,
    });
    expect(status).toBe(422);
    expect(body).toEqual({ success: false, error: 'Validation failed', code: 'VALIDATION_ERROR', details });
  });

  it('keeps its code', async () => {
    const product = await make();
    const { status, body } = await app.admin('PATCH', `/products/${product.id}`, { code: 'other' });
    expect(status).toBe(422);
    expect(body.details).toEqual({ code: ['The code field is prohibited.'] });
  });
});

describe('a code that is taken', () => {
  const taken = {
    success: false,
    error: 'The code has already been taken.',
    code: 'CONFLICT',
    details: { code: ['The code has already been taken.'] },
  };

  it('is a conflict', async () => {
    const { code } = await make();
    const { status, body } = await app.admin('POST', '/products', { code, name: 'Another' });
    expect([status, body]).toEqual([409, taken]);
    expect(await app.sql(`select * from audit_events where details->>'code' = $1`, [code])).toHaveLength(1);
  });

  it('is given to one of fifty that want it at once', async () => {
    const code = newCode();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => app.admin('POST', '/products', { code, name: 'Panel' })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 49 }, () => 409)]);
    expect(await app.sql('select * from products where code = $1', [code])).toHaveLength(1);
    expect(await app.sql(`select * from audit_events where details->>'code' = $1`, [code])).toHaveLength(1);
  });
});

describe('a key that is scoped', () => {
  it('reads with products:read and changes nothing', async () => {
    const key = await keyFor(['products:read']);
    const product = await make();
    expect((await as(key, 'GET', '/products')).status).toBe(200);
    expect((await as(key, 'GET', `/products/${product.id}`)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/products'],
      ['PATCH', `/products/${product.id}`],
      ['DELETE', `/products/${product.id}`],
    ] as const) {
      const { status, body } = await as(key, method, path, method === 'DELETE' ? undefined : {});
      expect(status).toBe(403);
      expect(body).toEqual({
        success: false,
        error: "API key is not scoped for 'products'",
        code: 'FORBIDDEN',
      });
    }
  });

  it('reaches no other resource', async () => {
    const key = await keyFor(['products:write']);
    for (const path of ['/policies', '/licenses', '/blocklist']) {
      expect((await as(key, 'GET', path)).status).toBe(403);
    }
    expect((await as(key, 'POST', '/products', { code: newCode(), name: 'Panel' })).status).toBe(201);
  });
});
