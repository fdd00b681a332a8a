import { randomUUID } from 'node:crypto';
import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, login, RIGHT, tokenOf } from '../setup/people.js';
import { csv, importFile } from '../setup/transfer.js';
import { markedPanel, newMarks, plant } from '../setup/traces.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1' } });
  await app.sql(
    `insert into webhooks (id, url, events, enabled, sealed_secret, created_at, updated_at)
     values ($1, 'https://receiver.example.test', '{*}', true, '', now(), now())`,
    [randomUUID()],
  );
});
afterAll(() => app.stop());

/** Every column of every table of the database in which one of the texts stands. */
async function foundIn(texts: readonly string[]): Promise<string[]> {
  const columns = await app.sql<{ schema: string; table: string; column: string }>(
    `select n.nspname as schema, c.relname as table, a.attname as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
       and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
  );
  expect(columns.length).toBeGreaterThan(100);
  const found = [];
  for (const { schema, table, column } of columns) {
    const [row] = await app.sql(
      `select exists (select from "${schema}"."${table}" where "${column}"::text ilike any ($1)) as there`,
      [texts.map((text) => `%${text}%`)],
    );
    if (row.there) found.push(`${table}.${column}`);
  }
  return found.toSorted();
}

const erase = (id: string) => app.admin('POST', `/customers/${id}/erase`);

const count = async (table: string) => Number((await app.sql(`select count(*) from ${table}`))[0].count);

describe('an erased customer', () => {
  it('is named nowhere in the database, and stays so while panels go on', async () => {
    const marks = newMarks();
    const texts = [marks.word, marks.address];
    const { customer, key, license, second } = await plant(app, marks);
    expect(await foundIn(texts)).toEqual(
      expect.arrayContaining([
        'activations.hostname',
        'activations.last_seen_ip',
        'audit_personal.data',
        'blocklist.reason',
        'customers.email',
        'customers.metadata',
        'customers.name',
        'events.data',
        'licenses.metadata',
        'licenses.status_reason',
        'sessions.address',
        'sessions.user_agent',
        'sso_nonces.reason',
        'sso_nonces.target_path',
        'users.email',
        'users.username',
      ]),
    );
    expect((await erase(customer.id)).status).toBe(200);
    expect(await foundIn(texts)).toEqual([]);

    await app.must('POST', `/licenses/${license.id}/reinstate`);
    expect((await markedPanel(app, 'validate', marks, key, second)).body.valid).toBe(true);
    const fresh = hardwareId();
    expect((await markedPanel(app, 'activate', marks, key, fresh)).status).toBe(201);
    expect((await markedPanel(app, 'validate', marks, key, fresh)).body.valid).toBe(true);
    expect((await markedPanel(app, 'validate', marks, key, hardwareId())).body.code).toBe(
      'HARDWARE_MISMATCH',
    );
    expect((await markedPanel(app, 'activate', marks, key, fresh)).status).toBe(200);
    expect((await markedPanel(app, 'deactivate', marks, key, fresh)).status).toBe(200);
    expect(await foundIn(texts)).toEqual([]);
  });

  it('keeps licenses, seats, counts and the audit log', async () => {
    const { customer, license, moved } = await plant(app, newMarks());
    const licenseBefore = await app.must('GET', `/licenses/${license.id}`);
    const seats = () =>
      app.sql(
        `select id, hardware_id, version, usage, released_at, lease_id from activations
         where license_id = $1 order by id`,
        [license.id],
      );
    const log = () => app.sql('select * from audit_events order by id');
    const holdings = async () => {
      const { licenses, seats: inUse } = await app.must('GET', `/customers/${customer.id}`);
      return { licenses, inUse };
    };
    const before = { seats: await seats(), log: await log(), holdings: await holdings() };
    expect(before.holdings).toEqual({ licenses: 2, inUse: 3 });
    app.clock.advance({ seconds: 1 });
    const { body } = await erase(customer.id);
    const now = app.clock.now().toISOString();
    expect(body.data).toEqual({
      id: customer.id,
      name: null,
      email: null,
      metadata: {},
      erased_at: now,
      created_at: customer.created_at,
      updated_at: now,
    });
    expect(licenseBefore).toMatchObject({
      status_reason: expect.any(String),
      metadata: { word: expect.any(String) },
    });
    expect(await app.must('GET', `/licenses/${license.id}`)).toEqual({
      ...licenseBefore,
      status_reason: null,
      metadata: {},
      updated_at: now,
    });
    expect(await seats()).toEqual(before.seats);
    expect(await holdings()).toEqual(before.holdings);
    const after = await log();
    expect(after.slice(0, before.log.length)).toEqual(before.log);
    expect(after.slice(before.log.length).map(({ action }) => action)).toEqual([
      'user.deleted',
      'customer.erased',
    ]);
    // What is somebody else's now is not touched.
    expect(await app.must('GET', `/licenses/${moved.id}`)).toMatchObject({ updated_at: moved.updated_at });
  });

  it('is told to receivers as one that names nobody', async () => {
    const { customer } = await plant(app, newMarks());
    await erase(customer.id);
    const told = await app.sql('select type, data from events where customer_id = $1 order by id', [
      customer.id,
    ]);
    expect(told.at(-1)).toMatchObject({
      type: 'customer.erased',
      data: { id: customer.id, name: null, email: null },
    });
    expect(told.length).toBeGreaterThan(1);
    for (const { data } of told.slice(0, -1)) expect(data).toEqual({ id: expect.any(String), erased: true });
  });

  it('has no users any more', async () => {
    const { customer, user, token } = await plant(app, newMarks());
    await erase(customer.id);
    const me = await app.request('GET', '/api/v1/auth/me', { headers: bearer(token) });
    expect(me.status).toBe(401);
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    for (const table of ['users', 'sessions', 'sso_nonces']) {
      const column = table === 'users' ? 'id' : 'user_id';
      expect(await app.sql(`select 1 from ${table} where ${column} = $1`, [user.id])).toEqual([]);
    }
  });

  it('is erased once, and not changed or given anything afterwards', async () => {
    const { customer, license } = await plant(app, newMarks());
    await erase(customer.id);
    const events = await count('audit_events');
    const refused = async (method: string, path: string, body?: object) => {
      const { status, body: answer } = await app.admin(method, path, body);
      return [status, answer.error, answer.details];
    };
    expect(await refused('POST', `/customers/${customer.id}/erase`)).toEqual([
      409,
      'The customer has already been erased.',
      undefined,
    ]);
    expect(await refused('PATCH', `/customers/${customer.id}`, { name: 'Back' })).toEqual([
      409,
      'The customer has been erased.',
      undefined,
    ]);
    const details = { customer_id: ['The selected customer id is invalid.'] };
    const { license: another } = await app.sell();
    const given = await refused('PATCH', `/licenses/${another.id}`, { customer_id: customer.id });
    expect(given).toEqual([422, 'Validation failed', details]);
    const { product, policy } = another;
    const made = await refused('POST', '/licenses', { product, policy, customer_id: customer.id });
    expect(made).toEqual([422, 'Validation failed', details]);
    // Sell's product, policy and license are all that was written.
    expect(await count('audit_events')).toBe(events + 3);
    expect(await app.must('GET', `/licenses/${license.id}`)).toMatchObject({ customer_id: customer.id });
  });

  it('leaves its panels nameless until the license is another’s', async () => {
    const marks = newMarks();
    const { customer, other, license, key } = await plant(app, marks);
    await erase(customer.id);
    await app.must('POST', `/licenses/${license.id}/reinstate`);
    const hardware = hardwareId();
    await markedPanel(app, 'activate', marks, key, hardware);
    const seat = async () =>
      (await app.must('GET', `/licenses/${license.id}/activations?hardware_id=${hardware}`))[0];
    expect(await seat()).toMatchObject({ hostname: null, last_seen_ip: null });
    await app.must('PATCH', `/licenses/${license.id}`, { customer_id: other.id });
    await markedPanel(app, 'validate', marks, key, hardware);
    // What a panel tells without a change to its lease is written within seconds.
    expect(await until(seat, ({ hostname }) => hostname !== null)).toMatchObject({
      hostname: `${marks.word}.example.test`,
      last_seen_ip: marks.address,
    });
  });

  it('leaves seats that are imported nameless as well', async () => {
    const { customer, license } = await plant(app, newMarks());
    await erase(customer.id);
    const hardware = hardwareId();
    const seats = csv(
      ['license_id', 'hardware_id', 'hostname', 'version'],
      [license.id, hardware, 'a', '1.0.0'],
    );
    expect((await importFile(app, 'seats', seats)).status).toBe(201);
    const stored = await app.sql('select hostname, anonymous from activations where hardware_id = $1', [
      hardware,
    ]);
    expect(stored).toEqual([{ hostname: null, anonymous: true }]);
  });

  it('is erased by those who may write all that goes', async () => {
    const { customer } = await plant(app, newMarks());
    const headers = bearer(await tokenOf(app, await addUser(app, { role: 'support' })));
    const path = `/api/v1/admin/customers/${customer.id}/erase`;
    expect((await app.request('POST', path, { headers })).status).toBe(403);
    const scopes = ['customers:write', 'users:write', 'licenses:write'];
    const withKey = async (permissions: string[]) => {
      const { key } = await app.must('POST', '/api-keys', { name: 'Scoped', permissions });
      return app.request('POST', path, { headers: { 'x-admin-key': key } });
    };
    for (const scope of scopes) {
      const { status, body } = await withKey(scopes.filter((each) => each !== scope));
      expect([status, body.error]).toEqual([403, `API key is not scoped for '${scope.split(':')[0]}'`]);
    }
    expect((await erase(randomUUID())).status).toBe(404);
    expect((await erase('x')).status).toBe(404);
    expect(await app.must('GET', `/customers/${customer.id}`)).toMatchObject({ erased_at: null });
    expect((await withKey(scopes)).status).toBe(200);
  });

  it('is erased by one of two who try at once', async () => {
    const { customer } = await plant(app, newMarks());
    const answers = await Promise.all([erase(customer.id), erase(customer.id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const erasures = await app.sql(
      `select 1 from audit_events where action = 'customer.erased' and subject_id = $1`,
      [customer.id],
    );
    expect(erasures).toHaveLength(1);
  });
});

describe('a deleted customer', () => {
  it('leaves no name in the events that told of it', async () => {
    const { word } = newMarks();
    const { id } = await app.must('POST', '/customers', { name: word, email: `${word}@example.test` });
    await app.must('PATCH', `/customers/${id}`, { metadata: { word } });
    await app.must('DELETE', `/customers/${id}`);
    expect(await foundIn([word])).toEqual([]);
  });
});
