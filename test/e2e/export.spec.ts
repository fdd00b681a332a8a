import { once } from 'node:events';
import { get } from 'node:http';
import { startApp, type TestApp } from '../setup/app.js';
import { exportFile, importFile } from '../setup/transfer.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const COLUMNS =
  'id,key_hint,product,policy,customer_id,status,status_reason,max_activations,expires_at,updates_until,' +
  'minimum_version,limits,features,metadata,created_at';

const ask = (path: string) =>
  app.request('GET', `/api/v1/admin/export/${path}`, { headers: { 'x-admin-key': app.adminKey } });

/** The ids of the licenses in a file. */
const idsOf = (file: string) =>
  file
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(0, 36));

describe('an export of licenses', () => {
  it('is a file with every column, and never a key', async () => {
    const { license, product, policy, key } = await app.sell({
      license: {
        max_activations: 2,
        expires_at: '2031-01-01T00:00:00+02:00',
        minimum_version: '1.0.0',
        limits: { accounts: -1 },
        features: ['a', 'b'],
        metadata: { note: 'x, "y"' },
      },
    });
    const { status, headers, body } = await ask(`licenses?product=${product.code}`);
    expect([
      status,
      headers.get('content-type'),
      headers.get('content-disposition'),
      headers.get('cache-control'),
    ]).toEqual([200, 'text/csv; charset=utf-8', 'attachment; filename="licenses.csv"', 'no-store']);
    expect(body).toBe(
      `${COLUMNS}\n${license.id},PANEL-****-${key.slice(-4)},${product.code},${policy.code},,active,,2,` +
        `2030-12-31T22:00:00.000Z,,1.0.0,"{""accounts"":-1}","[""a"",""b""]","{""note"":""x, \\""y\\""""}",` +
        `${app.clock.now().toISOString()}\n`,
    );
    const json = await ask(`licenses?product=${product.code}&format=ndjson`);
    expect(json.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(Object.keys(JSON.parse(json.body))).toEqual(COLUMNS.split(','));
    expect(JSON.parse(json.body)).toMatchObject({
      id: license.id,
      limits: { accounts: -1 },
      customer_id: null,
    });
  });

  it('is chosen by the fields of the list', async () => {
    const customer = await app.must('POST', '/customers', { name: 'Somebody' });
    const { license, product, policy } = await app.sell({ license: { customer_id: customer.id } });
    await app.must('POST', `/licenses/${license.id}/suspend`);
    for (const query of [
      `product=${product.code}`,
      `policy=${policy.code}`,
      `customer_id=${customer.id}`,
      'status=suspended',
    ]) {
      expect(idsOf(await exportFile(app, 'licenses', query))).toEqual([license.id]);
    }
    expect(await exportFile(app, 'licenses', `product=${product.code}&status=active`)).toBe(`${COLUMNS}\n`);
  });

  it.each([
    ['format=xml', { format: ['The selected format is invalid.'] }],
    ['status=gone', { status: ['The selected status is invalid.'] }],
    ['colour=red', { colour: ['The colour field is prohibited.'] }],
    ['sort=password', { sort: ['The sort field is prohibited.'] }],
  ])('is refused for %s', async (query, details) => {
    const { status, body } = await ask(`licenses?${query}`);
    expect([status, body.details]).toEqual([422, details]);
  });

  it.each([
    [
      'licenses',
      'license',
      'status=revoked&format=ndjson',
      { format: 'ndjson', filters: { status: 'revoked' } },
    ],
    ['seats', 'activation', '', { format: 'csv', filters: {} }],
  ] as const)('of %s is on record, with what was asked for', async (kind, subject, query, details) => {
    const count = async () =>
      app.sql('select actor_type, subject_id, details from audit_events where action = $1', [
        `${subject}.exported`,
      ]);
    const before = (await count()).length;
    await exportFile(app, kind, query);
    const events = await count();
    expect(events).toHaveLength(before + 1);
    expect(events).toContainEqual({ actor_type: 'api_key', subject_id: null, details });
  });

  it('tells the same to HEAD, without the file', async () => {
    const { status, headers, body } = await app.request('HEAD', '/api/v1/admin/export/licenses', {
      headers: { 'x-admin-key': app.adminKey },
    });
    expect([status, headers.get('content-type'), body]).toEqual([200, 'text/csv; charset=utf-8', '']);
  });
});

/** Those that are open beside the one that looks, be they busy or idle at this moment. */
const transactions = () =>
  app.sql(
    `select state, wait_event, xact_start, query from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend'
       and xact_start is not null and pid <> pg_backend_pid()`,
  );

/** An export of everything in bulk, of which nothing is read yet. */
async function open() {
  const request = get(`${app.url}/api/v1/admin/export/licenses?product=bulk`, {
    agent: false,
    headers: { 'x-admin-key': app.adminKey },
  }).on('error', () => undefined);
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(200);
  response.on('error', () => undefined);
  return { request, response };
}

describe('exports that nobody reads', () => {
  beforeAll(async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({
        key: `BULK-${i}`,
        product: 'bulk',
        policy: 'bulk',
        metadata: { text: 'x'.repeat(400) },
      }),
    );
    await app.must('POST', '/products', { code: 'bulk', name: 'Bulk' });
    await app.must('POST', '/policies', { code: 'bulk', name: 'Bulk' });
    const { status } = await importFile(app, 'licenses', rows.join('\n'), { type: 'application/x-ndjson' });
    if (status !== 201) throw new Error(`The import answered ${status}`);
  });

  it('hold their snapshot and their place, and give both back when the reader leaves', async () => {
    const readers = [await open(), await open()];
    // Others come and go: the sealer's, for one.
    await until(transactions, ({ length }) => length === 2);
    const third = await ask('licenses');
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    // What is sold meanwhile is no part of a file that has begun.
    await app.must('POST', '/licenses', { product: 'bulk', policy: 'bulk' });
    readers[1]?.request.destroy();
    await until(transactions, ({ length }) => length === 1);
    let file = '';
    for await (const chunk of readers[0]?.response ?? []) file += String(chunk);
    expect(file.split('\n')).toHaveLength(20_000 + 2);
    await until(transactions, ({ length }) => length === 0);
    expect((await exportFile(app, 'licenses', 'product=bulk')).split('\n')).toHaveLength(20_001 + 2);
  });

  it('are broken off after an hour', async () => {
    const { response } = await open();
    await until(transactions, ({ length }) => length === 1);
    app.clock.advance({ hours: 1, seconds: 1 });
    await until(transactions, ({ length }) => length === 0);
    response.resume();
    await until(
      () => response.closed,
      (isClosed) => isClosed,
    );
    // Nobody may take what has come for the whole.
    expect(response.complete).toBe(false);
  });
});
