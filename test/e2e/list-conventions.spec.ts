import { operationsOf, type Operation } from '../setup/api-document.js';
import { startApp, type TestApp } from '../setup/app.js';
import { addUser } from '../setup/people.js';

let app: TestApp;
let lists: Operation[];

/** A list of something's parts needs the something. */
const OWNERS: Readonly<Record<string, () => Promise<string>>> = {
  licenses: async () => (await app.sell()).license.id,
  webhooks: async () =>
    (await app.must('POST', '/webhooks', { url: 'https://example.com/hook', events: ['*'], enabled: false }))
      .id,
  users: async () => (await addUser(app)).id,
  versions: async () => {
    const { product } = await app.sell();
    return (await app.must('POST', '/versions', { product: product.code, version: '1.0.0' })).id;
  },
};

beforeAll(async () => {
  app = await startApp();
  const document = (await app.request('GET', '/api/v1/openapi.json')).body;
  lists = operationsOf(document).filter(
    ({ method, plane, queryParams }) =>
      method === 'GET' && plane === 'admin' && queryParams.some(({ name }) => name === 'per_page'),
  );
});
afterAll(() => app.stop());

/** The path below /admin with a real owner in it. */
async function pathOf({ path }: Operation): Promise<string> {
  const below = path.replace('/api/v1/admin', '');
  const [, owner = '', parameter] = below.split('/');
  if (!parameter?.startsWith('{')) return below;
  const make = OWNERS[owner];
  if (make === undefined) throw new Error(`Nothing makes an owner for ${path}`);
  return below.replace(parameter, await make());
}

const get = (path: string, query: Record<string, string>) =>
  app.admin('GET', `${path}?${new URLSearchParams(query)}`);

describe('every list of the admin plane', () => {
  it('is among those that are looked at', () => {
    expect(lists.length).toBeGreaterThan(5);
  });

  it('tells how many there are, on which page', async () => {
    for (const list of lists) {
      const { status, body } = await get(await pathOf(list), { page: '2', per_page: '100' });
      expect([list.name, status, body.success, Array.isArray(body.data)]).toEqual([
        list.name,
        200,
        true,
        true,
      ]);
      expect(body.meta).toEqual({
        total: expect.any(Number),
        per_page: 100,
        current_page: 2,
        last_page: expect.any(Number),
      });
    }
  });

  it('can be sorted by whatever it says that it can be sorted by', async () => {
    for (const list of lists) {
      const path = await pathOf(list);
      const choices = list.queryParams.find(({ name }) => name === 'sort')?.schema.enum ?? [];
      expect([list.name, choices.length > 0]).toEqual([list.name, true]);
      for (const sort of choices) {
        expect([list.name, sort, (await get(path, { sort })).status]).toEqual([list.name, sort, 200]);
      }
    }
  });

  it.each([
    ['per_page', '0', 'The per page field must be at least 1.'],
    ['per_page', '101', 'The per page field must not be greater than 100.'],
    ['per_page', 'many', 'The per page field must be an integer.'],
    ['page', '0', 'The page field must be at least 1.'],
    ['page', '-1', 'The page field must be at least 1.'],
    ['sort', 'password', 'The selected sort is invalid.'],
    ['sort', 'password_hash', 'The selected sort is invalid.'],
    ['sort', '--created_at', 'The selected sort is invalid.'],
    ['colour', 'red', 'The colour field is prohibited.'],
    ['__proto__', 'x', 'The   proto   field is prohibited.'],
  ])('refuses %s=%s', async (name, value, message) => {
    for (const list of lists) {
      const { status, body } = await get(await pathOf(list), { [name]: value });
      expect([list.name, status, body]).toEqual([
        list.name,
        422,
        {
          success: false,
          code: 'VALIDATION_ERROR',
          error: 'Validation failed',
          details: JSON.parse(`{${JSON.stringify(name)}: [${JSON.stringify(message)}]}`),
        },
      ]);
    }
  });

  it.each([["'; drop table licenses; --"], ['%_\\'], ['=1+1'], ['a\r\nb'], ['\u{1F511}']])(
    'takes %j for text to look for',
    async (q) => {
      for (const list of lists) {
        if (!list.queryParams.some(({ name }) => name === 'q')) continue;
        const { status, body } = await get(await pathOf(list), { q });
        expect([list.name, status, body.data]).toEqual([list.name, 200, []]);
      }
    },
  );
});
