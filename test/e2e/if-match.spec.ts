import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const tag = () => hardwareId().slice(0, 8);

const get = (path: string) => app.admin('GET', path);
const patch = (path: string, body: object, etag: string) =>
  app.admin('PATCH', path, body, { 'if-match': etag });
const etagOf = async (path: string) => (await get(path)).headers.get('etag') ?? '';

/** Every resource that can be changed: how one is made, and a change to it. */
const RESOURCES = {
  '/products': { make: () => ({ code: `p-${tag()}`, name: 'Panel' }), change: { name: 'Other' } },
  '/policies': { make: () => ({ code: `t-${tag()}`, name: 'Tier' }), change: { name: 'Other' } },
  '/blocklist': { make: () => ({ hardware_id: hardwareId() }), change: { reason: 'sold' } },
  '/customers': { make: () => ({ name: 'Harbour Hosting' }), change: { name: 'Other' } },
  '/api-keys': { make: () => ({ name: 'Portal', permissions: ['read'] }), change: { name: 'Other' } },
  '/users': {
    make: () => ({ username: `u${tag()}`, email: `${tag()}@example.test`, role: 'customer' }),
    change: { role: 'support' },
  },
  '/licenses': {
    make: async () => {
      const { product, policy } = await app.sell();
      return { product: product.code, policy: policy.code };
    },
    change: { max_activations: 7 },
  },
  '/versions': {
    make: async () => ({ product: (await app.sell()).product.code, version: '1.2.3' }),
    change: { changelog: 'Faster.' },
  },
} as const satisfies Record<string, { make: () => object | Promise<object>; change: object }>;

describe.each(Object.entries(RESOURCES))('a resource of %s', (path, { make, change }) => {
  it('tells its version when it is made, read and changed, and holds a change to it', async () => {
    const made = await app.admin('POST', path, await make());
    expect(made.status).toBe(201);
    const own = `${path}/${made.body.data.id}`;
    const first = await etagOf(own);
    expect(first).toMatch(/^"[\w-]{27}"$/);
    expect(made.headers.get('etag')).toBe(first);

    app.clock.advance({ seconds: 1 });
    const changed = await patch(own, change, first);
    expect([changed.status, changed.body.data]).toMatchObject([200, change]);
    const second = await etagOf(own);
    expect(second).not.toBe(first);
    expect(changed.headers.get('etag')).toBe(second);

    const stale = await patch(own, change, first);
    expect(stale.status).toBe(412);
    expect(stale.body).toEqual({
      success: false,
      code: 'CONFLICT',
      error: 'The resource has changed since it was read',
    });
    expect(await etagOf(own)).toBe(second);

    expect((await app.admin('DELETE', own, undefined, { 'if-match': first })).status).toBe(412);
    expect((await app.admin('DELETE', own, undefined, { 'if-match': second })).status).toBe(200);
    expect((await patch(own, change, second)).status).toBe(404);
  });
});

const product = () => app.must('POST', '/products', RESOURCES['/products'].make());

describe('If-Match', () => {
  it('takes a list and a star, and no weak tag', async () => {
    const { id } = await product();
    const own = `/products/${id}`;
    const etag = await etagOf(own);
    const status = async (ifMatch: string) => (await patch(own, {}, ifMatch)).status;
    expect(await status(`"other", ${etag}`)).toBe(200);
    expect(await status('*')).toBe(200);
    expect(await status(`W/${etag}`)).toBe(412);
    expect(await status('"other"')).toBe(412);
    expect(await status('')).toBe(412);
  });

  it('lets one of several changes through that saw the same version', async () => {
    const { id } = await product();
    const own = `/products/${id}`;
    for (let round = 0; round < 10; round++) {
      const etag = await etagOf(own);
      const names = ['a', 'b', 'c', 'd'].map((name) => `${name}${round}`);
      const answers = await Promise.all(names.map((name) => patch(own, { name }, etag)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect((await get(own)).body.data.name).toBe(names[winner]);
      app.clock.advance({ seconds: 1 });
    }
  });

  it('lets every change through that only wants the resource to be there', async () => {
    const { id } = await product();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => patch(`/products/${id}`, { name: `n${i}` }, '*')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await patch(`/products/${hardwareId()}`, { name: 'x' }, '*')).status).toBe(404);
  });

  it('is refused where there is no version that it could be held to', async () => {
    const { license } = await app.sell();
    const { id } = await app.must('POST', '/versions', { product: license.product, version: '1.0.0' });
    const etag = await etagOf(`/licenses/${license.id}`);
    for (const [method, path] of [
      ['POST', `/licenses/${license.id}/revoke`],
      ['POST', `/licenses/${license.id}/rotate-key`],
      ['DELETE', `/licenses/${license.id}/activations`],
      ['DELETE', `/versions/${id}/artifacts/${id}`],
      ['POST', '/products'],
    ] as const) {
      const { status, body } = await app.admin(method, path, {}, { 'if-match': etag });
      expect([path, status, body.error]).toEqual([path, 400, 'This call takes no If-Match']);
    }
    expect((await app.must('GET', `/licenses/${license.id}`)).status).toBe('active');
  });

  it('is not upset by what panels do', async () => {
    const { license, key } = await app.sell();
    const own = `/licenses/${license.id}`;
    const etag = await etagOf(own);
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
    expect(await etagOf(own)).toBe(etag);
    expect((await patch(own, { max_activations: 2 }, etag)).status).toBe(200);
  });

  it('tells nothing to who may not write', async () => {
    const { id } = await product();
    const { key } = await app.must('POST', '/api-keys', { name: 'Reader', permissions: ['read'] });
    const answer = await app.request('PATCH', `/api/v1/admin/products/${id}`, {
      body: { name: 'x' },
      headers: { 'x-admin-key': key, 'if-match': '"other"' },
    });
    expect(answer.status).toBe(403);
  });
});
