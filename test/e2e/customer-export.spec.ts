import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';
import { newMarks, plant } from '../setup/traces.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1' } });
});
afterAll(() => app.stop());

const exported = async (id: string) => {
  const { status, headers, body } = await app.admin('GET', `/customers/${id}/export`);
  expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
    200,
    'application/json; charset=utf-8',
    'attachment; filename="customer.json"',
  ]);
  return body;
};

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id).toSorted();

describe('the export of a customer', () => {
  it('is all that is kept about it, once, and nothing of anybody else', async () => {
    const marks = newMarks();
    const { customer, user, license } = await plant(app, marks);
    await plant(app, newMarks());
    const document = await exported(customer.id);
    expect(Object.keys(document)).toEqual([
      'exported_at',
      'customer',
      'users',
      'sessions',
      'licenses',
      'activations',
      'moves',
      'audit_events',
    ]);
    const { licenses: _, seats: __, ...row } = await app.must('GET', `/customers/${customer.id}`);
    expect(document.customer).toEqual(row);
    expect(document.users).toEqual([
      expect.objectContaining({ id: user.id, username: marks.word, email: `${marks.word}@example.test` }),
    ]);
    expect(document.sessions).toMatchObject([{ user_id: user.id, address: marks.address }]);
    const licenses = await app.must('GET', `/licenses?customer_id=${customer.id}`);
    expect(idsOf(document.licenses)).toEqual(idsOf(licenses));
    expect(document.licenses).toContainEqual(await app.must('GET', `/licenses/${license.id}`));
    const seats = await app.sql(
      'select a.id from activations a join licenses l on l.id = a.license_id where l.customer_id = $1',
      [customer.id],
    );
    expect(idsOf(document.activations)).toEqual(idsOf(seats));
    expect(document.activations.some((seat: any) => seat.released_at !== null)).toBe(true);

    // What an erasure would empty, exactly: the personal side of these events and of no other.
    const events: any[] = document.audit_events;
    expect(new Set(idsOf(events)).size).toBe(events.length);
    const personal = () => app.sql('select event_id as id from audit_personal');
    const before = await personal();
    await app.must('POST', `/customers/${customer.id}/erase`);
    const after = new Set(idsOf(await personal()));
    const emptied = idsOf(before).filter((id) => !after.has(id));
    const blocked = await app.sql(`select id from audit_events where subject_type = 'blocked_hardware'`);
    const reasons = new Set(idsOf(blocked));
    const told = events.filter((event) => event.personal !== null);
    expect(idsOf(told)).toEqual(emptied.filter((id) => !reasons.has(id)));
  });

  it('tells no secret', async () => {
    const { customer, key, user } = await plant(app, newMarks());
    const document = await exported(customer.id);
    const text = JSON.stringify(document);
    expect(text).not.toContain(key);
    expect(text).not.toContain(user.password_hash);
    expect(Object.keys(document.users[0])).toEqual([
      'id',
      'username',
      'email',
      'role',
      'status',
      'two_factor',
      'created_at',
      'updated_at',
    ]);
    expect(Object.keys(document.sessions[0])).not.toContain('hash');
  });

  it('is whole over any number of pages', async () => {
    const { id } = await app.must('POST', '/customers', { name: 'Many' });
    const { product, policy } = await app.sell();
    const body = { product: product.code, policy: policy.code, customer_id: id };
    await app.must('POST', '/licenses', { ...body, quantity: 1_000 });
    await app.must('POST', '/licenses', { ...body, quantity: 201 });
    await app.sql(
      `insert into activations (id, license_id, hardware_id, version, activated_at, last_seen_at, lease_id, lease_kid,
         lease_seq, lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest)
       select gen_random_uuid(), l.id, repeat(n::text, 64), '1.0.0', now(), now(), gen_random_uuid(), '', 1, now(), now(),
         now(), now(), ''
       from licenses l, generate_series(1, 3) n where l.customer_id = $1`,
      [id],
    );
    const document = await exported(id);
    expect(new Set(idsOf(document.licenses)).size).toBe(1_201);
    expect(new Set(idsOf(document.activations)).size).toBe(3_603);
    expect(new Set(idsOf(document.audit_events)).size).toBe(1_203);
    expect(
      [document.licenses, document.activations, document.audit_events].map(({ length }) => length),
    ).toEqual([1_201, 3_603, 1_203]);
  });

  it('is on record with who took it, before anything of it leaves, and a refused one is not', async () => {
    const { id } = await app.must('POST', '/customers', { name: 'Noted' });
    const user = await addUser(app, { role: 'support' });
    const events = () =>
      app.sql(
        `select actor_type, actor_id, subject_type, subject_id, details from audit_events
         where action = 'customer.exported' and (subject_id = $1 or actor_id = $2)`,
        [id, user.id],
      );
    const headers = bearer(await tokenOf(app, user));
    await app.request('GET', `/api/v1/admin/customers/${randomUUID()}/export`, { headers });
    expect(await events()).toEqual([]);
    const { body } = await app.request('GET', `/api/v1/admin/customers/${id}/export`, { headers });
    const record = {
      actor_type: 'user',
      actor_id: user.id,
      subject_type: 'customer',
      subject_id: id,
      details: { customer_id: id },
    };
    expect(await events()).toEqual([record]);
    expect(body.audit_events.at(-1)).toMatchObject({ action: 'customer.exported' });
  });

  it('of an erased customer names nobody', async () => {
    const { word, address } = newMarks();
    const { customer } = await plant(app, { word, address });
    await app.must('POST', `/customers/${customer.id}/erase`);
    const text = JSON.stringify(await exported(customer.id));
    expect([text.includes(word), text.includes(address)]).toEqual([false, false]);
  });

  it('is for those who may read all that it shows, and of one who is there', async () => {
    const { id } = await app.must('POST', '/customers', { name: 'Somebody' });
    const headers = bearer(await tokenOf(app, await addUser(app, { role: 'support' })));
    const get = (path: string, more: Record<string, string>) =>
      app.request('GET', `/api/v1/admin/customers/${path}/export`, { headers: more });
    expect((await get(id, headers)).status).toBe(200);
    const scopes = ['customers:read', 'users:read', 'licenses:read', 'audit:read'];
    const withKey = async (permissions: string[]) => {
      const { key } = await app.must('POST', '/api-keys', { name: 'Scoped', permissions });
      return get(id, { 'x-admin-key': key });
    };
    expect((await withKey(scopes)).status).toBe(200);
    for (const scope of scopes) {
      const { status, body } = await withKey(scopes.filter((each) => each !== scope));
      expect([status, body.error]).toEqual([403, `API key is not scoped for '${scope.split(':')[0]}'`]);
    }
    for (const none of [randomUUID(), 'x']) {
      const { status, body } = await app.admin('GET', `/customers/${none}/export`);
      expect([status, body.error]).toEqual([404, 'Customer not found']);
    }
  });
});
