import { startApp, type TestApp } from '../setup/app.js';
import { draft, release } from '../setup/releases.js';

let app: TestApp;
let product: any;
beforeAll(async () => {
  app = await startApp();
});
beforeEach(async () => {
  ({ product } = await app.sell());
});
afterAll(() => app.stop());

const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await app.admin(method, path, body);
  return [answer.status, answer.body.code, answer.body.error];
};

describe('lists', () => {
  it('filter, search, sort and page', async () => {
    const other = (await app.sell()).product;
    await release(app, product, { version: '1.0.0', released_at: '2027-01-02T00:00:00Z' });
    app.clock.advance({ seconds: 1 });
    await release(app, product, {
      version: '1.1.0',
      released_at: '2027-01-01T00:00:00Z',
      changelog: '100% new',
    });
    app.clock.advance({ seconds: 1 });
    await draft(app, product, { version: '2.0.0-beta.1', channel: 'beta' }, []);
    await draft(app, other, { version: '1.0.0' }, []);
    const list = async (query: Record<string, string>) => {
      const params = new URLSearchParams({ product: product.code, ...query });
      const { body } = await app.admin('GET', `/versions?${params}`);
      return body.data.map(({ version }: { version: string }) => version);
    };
    expect(await list({})).toEqual(['2.0.0-beta.1', '1.1.0', '1.0.0']);
    expect(await list({ sort: 'released_at' })).toEqual(['1.1.0', '1.0.0', '2.0.0-beta.1']);
    expect(await list({ sort: 'status' })).toEqual(['2.0.0-beta.1', '1.0.0', '1.1.0']);
    expect(await list({ sort: '-status' })).toEqual(['1.1.0', '1.0.0', '2.0.0-beta.1']);
    expect(await list({ channel: 'beta' })).toEqual(['2.0.0-beta.1']);
    expect(await list({ status: 'published' })).toEqual(['1.1.0', '1.0.0']);
    expect(await list({ version: '1.0.0+any' })).toEqual(['1.0.0']);
    expect(await list({ q: '0%' })).toEqual(['1.1.0']);
    expect(await list({ q: 'BETA' })).toEqual(['2.0.0-beta.1']);
    expect(await list({ product: 'no-such-product' })).toEqual([]);
    const { body } = await app.admin('GET', `/versions?product=${product.code}&per_page=2&page=2`);
    expect(body.data.map(({ version }: { version: string }) => version)).toEqual(['1.0.0']);
    expect(body.meta).toEqual({ total: 3, per_page: 2, current_page: 2, last_page: 2 });
    expect((await refusal('GET', '/versions?colour=red'))[0]).toBe(422);
    expect((await refusal('GET', '/versions?sort=version'))[0]).toBe(422);
  });
});

describe('who may', () => {
  it('is told by the scope of versions', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' });
    const reader = await app.must('POST', '/api-keys', { name: 'Reader', permissions: ['versions:read'] });
    const as = async (method: string, path: string) =>
      (await app.admin(method, path, undefined, { 'x-admin-key': reader.key })).status;
    expect(await as('GET', `/versions/${id}`)).toBe(200);
    expect(await as('GET', `/versions/${id}/artifacts`)).toBe(200);
    expect(await as('POST', `/versions/${id}/publish`)).toBe(403);
    expect(await as('DELETE', `/versions/${id}`)).toBe(403);
    expect(await as('GET', '/products')).toBe(403);
  });

  it.each(['00000000-0000-7000-8000-000000000000', 'nonsense', "x'--"])('no version %s', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/publish'],
      ['POST', '/yank'],
      ['GET', '/artifacts'],
      ['DELETE', '/artifacts/nonsense'],
    ] as const) {
      expect(await refusal(method, `/versions/${encodeURIComponent(id)}${path}`)).toEqual([
        404,
        'NOT_FOUND',
        'Version not found',
      ]);
    }
  });
});
