import { hardwareId, panelBody } from '../setup/app.js';
import { goodBody, World } from '../setup/hostile-world.js';
import { isRefusalOf, refused, seen } from '../setup/planes.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.app.stop());

const keysOf = (value: object) => Object.entries(value).toSorted();

describe('a hardware id', () => {
  it('is the same machine in either case', async () => {
    const { key } = await world.app.sell();
    const hardware = hardwareId();
    const first = await world.app.panel('activate', panelBody(key, hardware.toUpperCase()));
    const again = await world.app.panel('activate', panelBody(key, hardware));
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.activation.id).toBe(first.body.activation.id);
    expect(first.body.activation.hardware_id).toBe(hardware);
    const moved = await world.app.panel(
      'rebind',
      panelBody(key, hardware.toUpperCase(), { previous_hardware_id: hardware }),
    );
    expect([moved.status, moved.body.activation.id]).toEqual([200, first.body.activation.id]);
  });

  it('that is blocked is blocked in either case', async () => {
    const { key } = await world.app.sell();
    const hardware = hardwareId();
    await world.app.must('POST', '/blocklist', { hardware_id: hardware.toUpperCase() });
    const answer = await world.app.panel('activate', panelBody(key, hardware));
    expect(answer.body.code).toBe('HARDWARE_MISMATCH');
  });
});

describe('names that every object has', () => {
  const ODD = { constructor: 1, toString: 2, hasOwnProperty: 3, valueOf: 4, prototype: 5 };

  it('are counters like any other', async () => {
    const { key, license } = await world.app.sell({ license: { limits: ODD } });
    const answer = await world.app.panel('activate', panelBody(key, hardwareId(), { usage: ODD }));
    expect(answer.status).toBe(201);
    expect(keysOf(answer.body.license.limits)).toEqual(keysOf(ODD));
    const [seat] = await world.app.sql('select usage from activations where license_id = $1', [license.id]);
    expect(keysOf(seat.usage)).toEqual(keysOf(ODD));
  });

  it('are metadata like any other', async () => {
    const { license } = await world.app.sell({ license: { metadata: { a: [ODD] } } });
    const { data } = (await world.app.admin('GET', `/licenses/${license.id}`)).body;
    expect(keysOf(data.metadata.a[0])).toEqual(keysOf(ODD));
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', '__defineGetter__'])(
    'are no rows: %s',
    async (name) => {
      const { body } = await world.app.admin('POST', '/licenses', { product: name, policy: name });
      expect(body).toMatchObject({ success: false, code: 'VALIDATION_ERROR' });
      const { status, body: refusal } = await world.app.request('GET', `/api/v1/download/file/${name}`);
      expect([status, refusal]).toEqual([401, { error: 'Invalid download token' }]);
    },
  );
});

describe('metadata', () => {
  const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });

  it('is kept as deep as a body may be', async () => {
    const { license } = await world.app.sell({ license: { metadata: nested(30) } });
    const { data } = (await world.app.admin('GET', `/licenses/${license.id}`)).body;
    expect(data.metadata).toEqual(nested(30));
  });

  it('is refused with the body beyond that', async () => {
    const before = await world.fingerprint();
    const operation = world.operation('POST /admin/licenses');
    const body = JSON.stringify({ ...goodBody('POST /admin/licenses', world), metadata: nested(31) });
    expect(seen(await world.send(operation, { body }))).toEqual(
      refused('admin', { status: 400, code: 'VALIDATION_ERROR', error: 'JSON is nested too deeply' }),
    );
    expect(await world.fingerprint()).toEqual(before);
  });
});

/** Path segments that name nothing, as they go out; the last two no router can read. */
const SEGMENTS = [
  'not-a-uuid',
  '%00',
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-7000-8000-000000000000%00',
  '%27%20or%201=1--',
  '..%2F..%2Fetc%2Fpasswd',
  '%EF%BC%90',
  '%F0%9F%A6%8A',
  'constructor',
  'x'.repeat(10_000),
  '%c3%28',
  '%zz',
] as const;

describe('a path', () => {
  it.each(SEGMENTS)('with %.40s in it names nothing', async (segment) => {
    const operations = world.operations.filter(({ pathParams }) => pathParams.length > 0);
    expect(operations.length).toBeGreaterThan(20);
    const before = await world.fingerprint();
    for (const operation of operations) {
      // A token is a credential, and not the name of something.
      const status = operation.path.includes('{token}') ? 401 : 404;
      for (const name of operation.pathParams) {
        const path = world.path(operation, { [name]: segment });
        const answer = await world.send(operation, { path, ...world.good(operation) });
        expect([operation.name, name, answer.status, isRefusalOf(operation.plane, answer)]).toEqual([
          operation.name,
          name,
          status,
          true,
        ]);
      }
    }
    expect(await world.fingerprint()).toEqual(before);
  });
});

describe('a query', () => {
  const TEXTS = [
    '%00',
    'a%00b',
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
    '%25',
    '%5f',
    '%5c',
    '%27',
    '((',
    'x'.repeat(9_000),
  ];

  it('is never more than text to a list', async () => {
    const lists = world.operations.filter(
      ({ queryParams, method }) => method === 'GET' && queryParams.length > 0,
    );
    expect(lists.length).toBeGreaterThan(5);
    const tried = lists.flatMap((operation) =>
      operation.queryParams.flatMap(({ name }) =>
        [...TEXTS, `x&${name}=y`].map((text) => ({
          operation,
          path: `${world.path(operation)}?${name}=${text}`,
        })),
      ),
    );
    for (const { operation, path } of tried) {
      const answer = await world.send(operation, { path });
      expect([path, answer.status === 200 || isRefusalOf(operation.plane, answer)]).toEqual([path, true]);
    }
  });

  it.each([
    ['page', ['0', '-1', '1.5', '1e3', 'x', '%D9%A3', '9'.repeat(30), '%201', '0x1']],
    ['per_page', ['0', '101', 'x', '1.0']],
    ['sort', ['x', '-', '--created_at', 'created_at;', 'created_at%20desc', 'constructor', 'CREATED_AT']],
    ['q', ['%00', 'x'.repeat(201), 'x&q=y']],
  ])('has no bad %s', async (name, values) => {
    for (const value of values) {
      const { status, body } = await world.app.admin('GET', `/products?${name}=${value}`);
      expect([value, status, Object.keys(body.details ?? {})]).toEqual([value, 422, [name]]);
    }
  });

  it.each(['constructor=1', 'toString=1', '__proto__=1', 'q%5Ba%5D=1', '%00=1', 'Q=1', '=1'])(
    'with %s is refused on every route',
    async (query) => {
      const before = await world.fingerprint();
      // The document is a file; whatever is asked of it, it is the same.
      for (const operation of world.operations.filter(({ name }) => name !== 'GET /openapi.json')) {
        const path = world.path(operation);
        const answer = await world.send(operation, {
          path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
          ...world.good(operation),
        });
        // Without a session some routes of the panel plane ask for one first.
        const statuses = operation.plane === 'panel' ? [400, 401] : [422];
        expect([operation.name, answer.status, isRefusalOf(operation.plane, answer)]).toEqual([
          operation.name,
          statuses.find((status) => status === answer.status),
          true,
        ]);
      }
      expect(await world.fingerprint()).toEqual(before);
    },
  );
});
