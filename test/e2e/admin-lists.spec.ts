import { randomBytes } from 'node:crypto';
import { startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const newCode = () => `p-${randomBytes(4).toString('hex')}`;
const make = (body: object = {}) =>
  app.must('POST', '/products', { code: newCode(), name: 'Panel', ...body });
const listed = async (query: string) => {
  const { status, body } = await app.admin('GET', `/products?${query}`);
  expect([status, body.success]).toEqual([200, true]);
  return { names: body.data.map(({ name }: any) => name.at(-1)).join(''), meta: body.meta };
};

describe('the list of products', () => {
  it('comes in pages, the newest first unless told otherwise', async () => {
    const tag = newCode();
    for (const letter of ['b', 'a', 'c']) {
      await make({ code: newCode(), name: `${tag} ${letter}` });
      app.clock.advance({ seconds: 1 });
    }
    expect(await listed(`q=${tag}`)).toEqual({
      names: 'cab',
      meta: { total: 3, per_page: 50, current_page: 1, last_page: 1 },
    });
    expect(await listed(`q=${tag}&sort=name&per_page=2&page=2`)).toEqual({
      names: 'c',
      meta: { total: 3, per_page: 2, current_page: 2, last_page: 2 },
    });
    expect((await listed(`q=${tag}&sort=-name`)).names).toBe('cba');
    expect(await listed(`q=${tag}&page=9`)).toMatchObject({ names: '', meta: { total: 3, current_page: 9 } });
    expect(await listed(`q=${tag}nothing`)).toEqual({
      names: '',
      meta: { total: 0, per_page: 50, current_page: 1, last_page: 1 },
    });
  });

  it('puts each of many equal rows on exactly one page', async () => {
    const name = newCode();
    const ids = [];
    for (let i = 0; i < 7; i++) ids.push((await make({ name })).id);
    const seen = [];
    for (const page of [1, 2, 3, 4]) {
      const { body } = await app.admin('GET', `/products?name=${name}&sort=-name&per_page=2&page=${page}`);
      seen.push(...body.data.map(({ id }: any) => id));
    }
    expect(seen).toEqual(ids.toSorted().toReversed());
  });

  it('finds what is searched for as it is written, in either case', async () => {
    const tag = newCode();
    await make({ name: `${tag} 100% x` });
    await make({ name: `${tag} 100 y` });
    await make({ name: `${tag} a_b\\c z` });
    const found = async (q: string) => (await listed(`q=${encodeURIComponent(`${tag} ${q}`)}`)).names;
    expect(await found('100%')).toBe('x');
    expect(await found('1_0')).toBe('');
    expect(await found('a_b')).toBe('z');
    expect(await found(String.raw`a_b\c`)).toBe('z');
    expect((await listed(`q=${tag.toUpperCase()}&sort=name`)).names).toBe('yxz');
  });

  it('is filtered by its fields', async () => {
    const product = await make({ key_prefix: 'FILTER' });
    const { body } = await app.admin('GET', '/products?key_prefix=filter');
    expect(body.data).toEqual([product]);
  });

  it.each([
    ['colour=red', { colour: ['The colour field is prohibited.'] }],
    ['per_page=101', { per_page: ['The per page field must not be greater than 100.'] }],
    ['per_page=0', { per_page: ['The per page field must be at least 1.'] }],
    ['page=x', { page: ['The page field must be an integer.'] }],
    ['sort=key_prefix', { sort: ['The selected sort is invalid.'] }],
    ['sort=createdAt;drop', { sort: ['The selected sort is invalid.'] }],
  ])('refuses %s', async (query, details) => {
    const { status, body } = await app.admin('GET', `/products?${query}`);
    expect(status).toBe(422);
    expect(body.details).toEqual(details);
  });
});
