import type { PoolClient } from 'pg';
import { poolOf } from '../../src/database/data-source.js';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { release } from '../setup/releases.js';

/**
 * PostgreSQL plans a prepared statement five times before it compares that with the plan for any values, and a few times more
 * when its tables have grown since.
 */
const TRIES = 5;

const POOL_SIZE = 3;

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { DATABASE_POOL_SIZE: `${POOL_SIZE}` } });
});
afterAll(() => app.stop());

interface Prepared {
  readonly name: string;
  readonly anew: number;
  readonly kept: number;
}

const PREPARED = `select name, custom_plans::int as anew, generic_plans::int as kept from pg_prepared_statements
  where name <> ''`;

/** What the connections of the service have prepared. All are taken at once: each must be another one. */
async function prepared(): Promise<Prepared[]> {
  const pool = poolOf(app.dataSource);
  const clients: PoolClient[] = await Promise.all(
    Array.from({ length: POOL_SIZE }, async () => await pool.connect()),
  );
  try {
    const all = await Promise.all(clients.map((client) => client.query<Prepared>(PREPARED)));
    return all.flatMap(({ rows }) => rows);
  } finally {
    for (const client of clients) client.release();
  }
}

const TIMES = 40;

it('what panels cause is planned a few times a connection, and not at every call', async () => {
  const { key, product } = await app.sell({ license: { max_activations: TIMES } });
  await release(app, product, { version: '2.0.0' });
  const machines = Array.from({ length: TIMES }, () => hardwareId());
  const panel = async (action: Parameters<TestApp['panel']>[0], hardware: string, as = key) =>
    (await app.panel(action, panelBody(as, hardware, { usage: { accounts: 1 } }))).status;
  const asks = (hardware: string) => ({
    body: { license_key: key, hardware_id: hardware, current_version: '1.0.0' },
  });
  const tokens: string[] = [];
  const download = async (call: string, hardware: string) => {
    const { status, body } = await app.request('POST', `/api/v1/download/${call}`, asks(hardware));
    if (call === 'token') tokens.push(body.token);
    return status;
  };
  const seen = new Set<number>();
  const each = async (call: (hardware: string) => Promise<number>) => {
    for (const hardware of machines) seen.add(await call(hardware));
  };
  await each((hardware) => panel('activate', hardware));
  await each((hardware) => panel('activate', hardware));
  await each(async () => panel('activate', hardwareId()));
  await each(async (hardware) => {
    const status = await panel('validate', hardware);
    await app.nest.get(Sightings, { strict: false }).flush();
    return status;
  });
  app.clock.advance({ hours: 2 });
  await each((hardware) => panel('validate', hardware));
  await each((hardware) => panel('validate', hardware, 'NONE-AT-ALL'));
  await each((hardware) => download('check-update', hardware));
  await each((hardware) => download('token', hardware));
  for (const token of tokens) seen.add((await app.request('GET', `/api/v1/download/file/${token}`)).status);
  await each((hardware) => panel('deactivate', hardware));
  expect([...seen].toSorted()).toEqual([200, 201, 401, 403]);

  const statements = await prepared();
  expect(statements.filter(({ kept }) => kept > 0).length).toBeGreaterThan(8);
  expect(statements.filter(({ anew, kept }) => anew > TRIES && anew > kept)).toEqual([]);
});
