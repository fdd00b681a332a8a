import { Client } from 'pg';
import { hardwareId, panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';
import { cloneDatabase } from '../setup/database.js';
import { untilLockWaits } from '../setup/locks.js';
import { until } from '../setup/until.js';

/** What a list that is refused for the load says at the least; whoever waited for a connection in vain is told 5. */
const COMES_BACK_AFTER = 10;

const list = (app: TestApp): Promise<Answer> => app.admin('GET', '/products');
const isShed = ({ status, headers }: Answer): boolean =>
  status === 503 && Number(headers.get('retry-after')) >= COMES_BACK_AFTER;
const isServed = ({ status }: Answer): boolean => status === 200;

const REFUSAL = { success: false, error: 'Service temporarily unavailable', code: 'INTERNAL_ERROR' };

/** How many lists this process has refused, as whoever watches it is told. */
async function countedReports(app: TestApp): Promise<number> {
  const { status, body } = await app.request('GET', '/metrics');
  expect(status).toBe(200);
  return Number(/^mooring_shed_requests_total\{class="reports"\} (\d+)$/m.exec(body)?.[1] ?? 0);
}

describe('when every connection to the database is held', () => {
  const POOL_SIZE = 3;
  let database: { url: string; drop(): Promise<void> };
  let holder: Client;
  let app: TestApp;
  let product: any;
  let body: object;

  beforeAll(async () => {
    database = await cloneDatabase();
    holder = new Client({ connectionString: database.url });
    await holder.connect();
    const patient = new URL(database.url);
    // Only the test says when the connections are free again.
    for (const name of ['statement_timeout', 'query_timeout']) patient.searchParams.set(name, '600000');
    app = await startApp({
      databaseUrl: patient.href,
      settings: { DATABASE_POOL_SIZE: String(POOL_SIZE) },
    });
    const sold = await app.sell();
    ({ product } = sold);
    body = panelBody(sold.key, hardwareId());
    await app.panel('activate', body);
  });
  afterAll(async () => {
    await holder.end();
    await app.stop();
    await database.drop();
  });

  it('lists are refused, panels are waited for, and all is answered when they are free', async () => {
    await holder.query('begin');
    await holder.query('select from products where id = $1 for update', [product.id]);
    const changes = Array.from({ length: POOL_SIZE }, (_, index) =>
      app.admin('PATCH', `/products/${product.id}`, { name: `Panel ${index}` }),
    );
    await untilLockWaits({ sql: async (text) => (await holder.query(text)).rows }, POOL_SIZE);

    const refused = await until(() => list(app), isShed);
    expect(refused.body).toEqual(REFUSAL);
    const phoneHome = app.panel('validate', body);
    expect((await app.request('GET', '/health/live')).status).toBe(200);
    expect(await countedReports(app)).toBeGreaterThan(0);

    await holder.query('rollback');
    expect((await phoneHome).body).toMatchObject({ valid: true });
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await until(() => list(app), isServed);
  });
});

describe('when the processor is too slow', () => {
  /** So long takes every turn of the event loop, on whatever machine. */
  const TURN_MS = 350;
  let app: TestApp;
  let isSlow = false;

  beforeAll(async () => {
    app = await startApp();
  });
  afterEach(() => {
    isSlow = false;
  });
  afterAll(() => app.stop());

  function turn(): void {
    if (!isSlow) return;
    const end = performance.now() + TURN_MS;
    while (performance.now() < end);
    setImmediate(turn);
  }

  it('lists are refused, panels are answered, and all is answered when it has caught up', async () => {
    const { key } = await app.sell();
    const body = panelBody(key, hardwareId());
    await app.panel('activate', body);
    isSlow = true;
    turn();
    expect((await until(() => list(app), isShed)).body).toEqual(REFUSAL);
    expect((await app.panel('validate', body)).body).toMatchObject({ valid: true });
    isSlow = false;
    await until(() => list(app), isServed);
  });
});
