import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.sql(
    `insert into webhooks (id, url, events, enabled, sealed_secret, created_at, updated_at)
     values ($1, 'https://receiver.example.test', '{customer.*}', true, '', now(), now())`,
    [randomUUID()],
  );
});
afterAll(() => app.stop());

const ALICE = { name: 'Alice Fisher', email: 'Alice@example.test', metadata: { billing_id: 'A-1' } };
const make = (body: object = {}) => app.must('POST', '/customers', { ...ALICE, ...body });
/** The ids of the customers that a query finds, by name. */
const found = async (query: string) =>
  (await app.must('GET', `/customers?sort=name&${query}`)).map(({ id }: any) => id);
const unused = () => `x${randomUUID().slice(0, 8)}`;

const events = (customerId: string) =>
  app.sql(
    `select e.action, e.details, p.data as personal, o.data as told, o.customer_id
     from audit_events e left join audit_personal p on p.event_id = e.id left join events o on o.id = e.id
     where e.subject_type = 'customer' and e.subject_id = $1 order by e.id`,
    [customerId],
  );

describe('a customer', () => {
  it('is made, found, and told to receivers, and the audit log names nobody', async () => {
    const customer = await make();
    const now = app.clock.now().toISOString();
    expect(customer).toEqual({
      id: expect.any(String),
      ...ALICE,
      erased_at: null,
      created_at: now,
      updated_at: now,
    });
    expect(await events(customer.id)).toEqual([
      {
        action: 'customer.created',
        details: { customer_id: customer.id },
        personal: { address: '127.0.0.1', name: ALICE.name, email: ALICE.email },
        told: customer,
        customer_id: customer.id,
      },
    ]);
  });

  it('needs no more than a name', async () => {
    const customer = await app.must('POST', '/customers', { name: ' Bob ' });
    expect(customer).toMatchObject({ name: 'Bob', email: null, metadata: {} });
  });

  it('is seen with how much it holds', async () => {
    const { id } = await make();
    const { license } = await app.sell({ license: { customer_id: id } });
    await app.must('POST', `/licenses/${license.id}/activations`, {
      hardware_id: 'a'.repeat(64),
      version: '1.0.0',
      valid_days: 30,
    });
    expect(await app.must('GET', `/customers/${id}`)).toMatchObject({ licenses: 1, seats: 1 });
  });

  it('is listed by name, address and id, in either case', async () => {
    const tag = unused();
    const [a, b] = [
      await make({ name: `${tag} A`, email: 'a@example.test' }),
      await make({ name: 'B', email: `${tag}@example.test` }),
    ];
    expect(await found(`q=${tag.toUpperCase()}`)).toEqual(
      [b.id, a.id].toSorted((x) => (x === a.id ? 1 : -1)),
    );
    expect(await found(`email=${tag.toUpperCase()}@EXAMPLE.test`)).toEqual([b.id]);
    expect(await found(`q=${a.id}`)).toEqual([a.id]);
  });

  it('is changed, and of names only that they are', async () => {
    const { id } = await make();
    const changed = await app.must('PATCH', `/customers/${id}`, {
      name: 'Eve',
      email: null,
      metadata: { a: 1 },
    });
    expect(changed).toMatchObject({ name: 'Eve', email: null, metadata: { a: 1 } });
    const [, updated] = await events(id);
    expect(updated).toEqual({
      action: 'customer.updated',
      details: {
        customer_id: id,
        changes: { name: { withheld: true }, email: { withheld: true }, metadata: { withheld: true } },
      },
      personal: {
        address: '127.0.0.1',
        name: 'Eve',
        changes: {
          name: { from: 'Alice Fisher', to: 'Eve' },
          email: { from: 'Alice@example.test', to: null },
        },
      },
      told: null,
      customer_id: null,
    });
  });

  it('is deleted, but not while it has licenses or users', async () => {
    const { id } = await make();
    const { license } = await app.sell({ license: { customer_id: id } });
    const remove = async () => {
      const { status, body } = await app.admin('DELETE', `/customers/${id}`);
      return [status, body.error ?? body.data];
    };
    expect(await remove()).toEqual([409, 'The customer still has licenses.']);
    await app.must('DELETE', `/licenses/${license.id}`);
    const user = await addUser(app, { role: 'customer', customerId: id });
    expect(await remove()).toEqual([409, 'The customer still has users.']);
    await app.sql('delete from users where id = $1', [user.id]);
    expect(await remove()).toEqual([200, null]);
    expect((await app.admin('GET', `/customers/${id}`)).status).toBe(404);
    expect((await events(id)).at(-1)).toMatchObject({ action: 'customer.deleted' });
  });

  it('is read by support and changed by nobody but admins', async () => {
    const { id } = await make();
    const headers = bearer(await tokenOf(app, await addUser(app, { role: 'support' })));
    const call = (method: string, path: string, body?: unknown) =>
      app.request(method, `/api/v1/admin/customers${path}`, { headers, body });
    expect((await call('GET', '')).status).toBe(200);
    expect((await call('GET', `/${id}`)).status).toBe(200);
    expect((await call('POST', '', ALICE)).status).toBe(403);
    expect((await call('PATCH', `/${id}`, { name: 'Eve' })).status).toBe(403);
    expect((await call('DELETE', `/${id}`)).status).toBe(403);
    expect(await app.must('GET', `/customers/${id}`)).toMatchObject(ALICE);
  });

  it.each([
    [{}, { name: ['The name field is required.'] }],
    [{ name: ' ' }, { name: ['The name field is required.'] }],
    [{ name: 'A', email: 'nobody' }, { email: ['The email field must be a valid email address.'] }],
    [{ name: 'A', erased_at: null }, { erased_at: ['The erased at field is prohibited.'] }],
  ])('is not made of %j', async (body, details) => {
    const { status, body: answer } = await app.admin('POST', '/customers', body);
    expect([status, answer.details]).toEqual([422, details]);
  });
});

describe('a license', () => {
  const refused = { customer_id: ['The selected customer id is invalid.'] };

  it('belongs to a customer, from the sale on or later, and goes to another or to none', async () => {
    const [a, b] = [await make(), await make()];
    const { license } = await app.sell({ license: { customer_id: a.id.toUpperCase() } });
    expect(license.customer_id).toBe(a.id);
    const patch = (customer_id: string | null) =>
      app.must('PATCH', `/licenses/${license.id}`, { customer_id });
    expect(await patch(b.id)).toMatchObject({ customer_id: b.id });
    expect(await patch(null)).toMatchObject({ customer_id: null });
    const changes = await app.sql(
      `select details -> 'changes' -> 'customer_id' as change, details -> 'customer_id' as whose
       from audit_events where subject_id = $1 order by id`,
      [license.id],
    );
    expect(changes).toEqual([
      { change: { from: null, to: a.id }, whose: a.id },
      { change: { from: a.id, to: b.id }, whose: a.id },
      { change: { from: b.id, to: null }, whose: b.id },
    ]);
  });

  it('belongs to nobody who is not there', async () => {
    const { product, policy, license } = await app.sell();
    const body = { product: product.code, policy: policy.code, customer_id: randomUUID() };
    const created = await app.admin('POST', '/licenses', body);
    expect([created.status, created.body.details]).toEqual([422, refused]);
    const patched = await app.admin('PATCH', `/licenses/${license.id}`, { customer_id: randomUUID() });
    expect([patched.status, patched.body.details]).toEqual([422, refused]);
    const nowhere = await app.admin('PATCH', `/licenses/${randomUUID()}`, { customer_id: randomUUID() });
    expect(nowhere.status).toBe(404);
  });

  it('is found by its customer', async () => {
    const tag = unused();
    const customer = await make({ name: `${tag} Fisher`, email: `${tag}@example.test` });
    const { license } = await app.sell({ license: { customer_id: customer.id } });
    await app.sell();
    for (const query of [`customer_id=${customer.id}`, `q=${tag}%20fish`, `q=${tag}@example`]) {
      const licenses = await app.must('GET', `/licenses?${query}`);
      expect(licenses.map(({ id }: any) => id)).toEqual([license.id]);
    }
    expect((await app.admin('GET', '/licenses?customer_id=x')).status).toBe(422);
  });
});
