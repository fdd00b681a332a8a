import { randomUUID } from 'node:crypto';
import { Pruner } from '../../src/admin/audit/pruner.js';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { sealAll } from '../setup/audit.js';
import { addUser, login, RIGHT } from '../setup/people.js';
import { markedPanel, newMarks, type Marks } from '../setup/traces.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1', AUDIT_RETENTION_DAYS: '90' } });
  await app.sql(
    `insert into webhooks (id, url, events, enabled, sealed_secret, created_at, updated_at)
     values ($1, 'https://receiver.example.test', '{*}', true, '', now(), now())`,
    [randomUUID()],
  );
});
afterAll(() => app.stop());

const STAFF = '198.51.100.77';
/** A call of the vendor's staff, from an address that is nobody else's. */
async function byStaff(method: string, path: string, body?: object): Promise<any> {
  const answer = await app.admin(method, path, body, { 'x-forwarded-for': STAFF });
  expect(answer.status).toBeLessThan(300);
  return answer.body.data;
}

const customerNamed = async (word: string): Promise<string> => {
  const { id } = await byStaff('POST', '/customers', { name: word });
  return id;
};

/** Without the record that each export leaves of itself, and with all sealed: two exports differ by what was done. */
const exported = async (id: string) => {
  await sealAll(app);
  const { body } = await app.admin('GET', `/customers/${id}/export`);
  const events = body.audit_events.filter(({ action }: any) => action !== 'customer.exported');
  return { ...body, audit_events: events };
};
const erase = (id: string) => byStaff('POST', `/customers/${id}/erase`);
const named = (value: unknown, { word, address }: Marks) => {
  const text = JSON.stringify(value).toLowerCase();
  return [word, address].filter((mark) => text.includes(mark.toLowerCase()));
};
const keptInLog = () => app.sql('select data from audit_personal union all select data from events');
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id).toSorted();

/** A license of the first customer with a seat in use and one given back, handed over to the second. */
async function handOver(body: object = {}) {
  const [a, b] = [newMarks(), newMarks()];
  const [first, second] = [await customerNamed(a.word), await customerNamed(b.word)];
  const { license, key } = await app.sell({
    license: { customer_id: first, max_activations: 5, metadata: { word: a.word } },
  });
  const [used, released] = [hardwareId(), hardwareId()];
  await markedPanel(app, 'activate', a, key, used);
  await markedPanel(app, 'activate', a, key, released);
  await markedPanel(app, 'deactivate', a, key, released);
  await byStaff('POST', '/blocklist', { hardware_id: released, reason: `${a.word} lost it` });
  await byStaff('POST', `/licenses/${license.id}/suspend`, { reason: a.word });
  app.clock.advance({ seconds: 1 });
  const handedOver = await byStaff('PATCH', `/licenses/${license.id}`, { customer_id: second, ...body });
  app.clock.advance({ seconds: 1 });
  await byStaff('POST', `/licenses/${license.id}/reinstate`);
  return { a, b, first, second, key, used, released, license: handedOver };
}

describe('a license that goes to another customer', () => {
  it('takes nothing of the former along', async () => {
    const { a, b, first, second, key, used, released, license } = await handOver();
    expect(license).toMatchObject({ customer_id: second, metadata: {}, status_reason: null });
    const document = await exported(second);
    expect(named(document, a)).toEqual([]);
    expect(document.activations).toMatchObject([{ hardware_id: used, hostname: null, last_seen_ip: null }]);
    expect(JSON.stringify(document)).not.toContain(released);
    for (const { details } of document.audit_events) expect(details.customer_id).toBe(second);
    const kept = await app.sql(
      'select hostname, last_seen_ip from activations where license_id = $1 and (hostname is not null or last_seen_ip is not null)',
      [license.id],
    );
    expect(kept).toEqual([]);

    const [told] = await app.sql(
      `select details from audit_events where action = 'license.updated' and subject_id = $1`,
      [license.id],
    );
    expect(told.details).toMatchObject({
      customer_id: first,
      seats_emptied: 2,
      changes: { customer_id: { from: first, to: second }, metadata: { withheld: true } },
    });
    // Its panels are known by name again, to the one who has it now.
    await markedPanel(app, 'validate', b, key, used);
    await app.nest.get(Sightings, { strict: false }).flush();
    const after = await exported(second);
    expect(after.activations).toMatchObject([
      { hostname: `${b.word}.example.test`, last_seen_ip: b.address },
    ]);
  });

  it('has the metadata that are sent along', async () => {
    const { license } = await handOver({ metadata: { for: 'the next' } });
    expect(license.metadata).toEqual({ for: 'the next' });
  });

  it('leaves the former all that was the former’s, until that one is erased', async () => {
    const { a, b, first, second, key, used, released } = await handOver({ metadata: { word: 'told once' } });
    await markedPanel(app, 'validate', b, key, used);
    await markedPanel(app, 'activate', b, key, hardwareId());
    const before = await exported(first);
    expect(named(before.audit_events, a)).toEqual([a.word, a.address]);
    expect(named(before, b)).toEqual([]);

    await erase(second);
    expect(await exported(first)).toEqual({ ...before, exported_at: expect.any(String) });
    expect(named(await keptInLog(), b)).toEqual([]);
    // What was sent of the handover is about the next one's license.
    expect(JSON.stringify(await app.sql('select data from events'))).not.toContain('told once');
    const reason = async () =>
      (await app.sql('select reason from blocklist where hardware_id = $1', [released]))[0].reason;
    expect(await reason()).toBe(`${a.word} lost it`);

    await erase(first);
    expect(named(await keptInLog(), a)).toEqual([]);
    expect(await reason()).toBeNull();
  });

  it('takes nothing along either when it has been nobody’s in between', async () => {
    const { a, second, key, used, license } = await handOver({ customer_id: null });
    await markedPanel(app, 'validate', a, key, used);
    const third = await customerNamed('Third');
    const { metadata } = await byStaff('PATCH', `/licenses/${license.id}`, { customer_id: third });
    expect(metadata).toEqual({});
    for (const id of [second, third]) {
      const { customer: _, ...document } = await exported(id);
      expect(named(document, a)).toEqual([]);
    }
  });

  it('keeps all for the first whom it is given to', async () => {
    const marks = newMarks();
    const { license, key } = await app.sell({ license: { metadata: { word: marks.word } } });
    await markedPanel(app, 'activate', marks, key, hardwareId());
    const id = await customerNamed('First');
    await byStaff('PATCH', `/licenses/${license.id}`, { customer_id: id });
    const document = await exported(id);
    expect(document.licenses).toMatchObject([{ metadata: { word: marks.word } }]);
    expect(document.activations).toMatchObject([{ hostname: `${marks.word}.example.test` }]);
    expect(document.audit_events.map(({ action }: any) => action).toSorted()).toEqual([
      'activation.created',
      'customer.created',
      'license.created',
      'license.updated',
    ]);
    await erase(id);
    expect(named(await keptInLog(), marks)).toEqual([]);
  });
});

describe('whose something has been', () => {
  it('is taken from the audit log by the migration that writes it down elsewhere', async () => {
    const { license, first } = await handOver();
    const [customerId, next] = [await customerNamed('One'), await customerNamed('Other')];
    const moved = await addUser(app, { role: 'customer', customerId });
    const deleted = await addUser(app, { role: 'customer', customerId });
    await byStaff('PATCH', `/users/${moved.id}`, { customer_id: next });
    await byStaff('DELETE', `/users/${deleted.id}`);
    const kept = () =>
      app.sql(
        `select subject_type, subject_id, customer_id, until from former_customers
         where subject_id = any($1::uuid[]) order by subject_type, customer_id, subject_id`,
        [[license.id, moved.id, deleted.id]],
      );
    const before = await kept();
    expect(before.map(({ customer_id }) => customer_id)).toEqual([first, customerId, customerId]);
    await app.dataSource.undoLastMigration();
    await app.dataSource.runMigrations();
    expect(await kept()).toEqual(before);
  });
});

/** All that has happened so far is older than the audit log is kept. */
async function prune(): Promise<void> {
  await sealAll(app);
  app.clock.advance({ days: 100 });
  await byStaff('POST', '/products', { code: `p${randomUUID().slice(0, 8)}`, name: 'Of today' });
  await sealAll(app);
  await app.nest.get(Pruner, { strict: false }).prune();
  const [{ old }] = await app.sql(
    `select count(*)::int as old from audit_events where occurred_at < $1 and action <> 'product.created'`,
    [new Date(app.clock.now().getTime() - 90 * 86_400_000)],
  );
  expect(old).toBe(0);
}

describe('when the audit log no longer tells of it, a license that went to another customer', () => {
  it('still takes nothing of the former along, and leaves the former what was the former’s', async () => {
    const { a, b, first, second, key, used, released } = await handOver();
    await prune();
    await markedPanel(app, 'validate', b, key, used);
    await app.nest.get(Sightings, { strict: false }).flush();
    const document = await exported(second);
    expect(named(document, a)).toEqual([]);
    expect(document.activations.map(({ hardware_id }: any) => hardware_id)).toEqual([used]);

    const reason = async () =>
      (await app.sql('select reason from blocklist where hardware_id = $1', [released]))[0].reason;
    await erase(second);
    expect(await reason()).toBe(`${a.word} lost it`);
    await erase(first);
    expect(await reason()).toBeNull();
  });

  it('is handed over once more', async () => {
    const { first, license } = await handOver({ customer_id: null });
    await prune();
    await byStaff('PATCH', `/licenses/${license.id}`, { metadata: { word: 'of nobody' } });
    const third = await customerNamed('Third');
    const { metadata } = await byStaff('PATCH', `/licenses/${license.id}`, { customer_id: third });
    expect(metadata).toEqual({});
    // Who comes back takes up what has been that one's all along, and nothing of who had it in between.
    const back = await byStaff('PATCH', `/licenses/${license.id}`, { customer_id: first });
    expect(back).toMatchObject({ customer_id: first, metadata: {} });
  });

  it('has been deleted, and an erasure finds why its hardware is blocked', async () => {
    const marks = newMarks();
    const id = await customerNamed(marks.word);
    const { license, key } = await app.sell({ license: { customer_id: id } });
    const hardware = hardwareId();
    await markedPanel(app, 'activate', marks, key, hardware);
    await byStaff('POST', '/blocklist', { hardware_id: hardware, reason: marks.word });
    await byStaff('DELETE', `/licenses/${license.id}`);
    await prune();
    await erase(id);
    expect(named(await app.sql('select * from blocklist'), marks)).toEqual([]);
    expect(await app.sql('select * from blocked_of_customers where customer_id = $1', [id])).toEqual([]);
  });
});

describe('a user who goes to another customer', () => {
  it('leaves events and sessions behind', async () => {
    const [a, b] = [newMarks(), newMarks()];
    const [first, second] = [await customerNamed('One'), await customerNamed('Other')];
    const user = await addUser(app, { role: 'customer', customerId: first });
    const logIn = ({ word, address }: Marks, username: string) =>
      app.request('POST', '/api/v1/auth/login', {
        body: { username, password: RIGHT },
        headers: { 'x-forwarded-for': address, 'user-agent': word },
      });
    expect((await logIn(a, user.username)).status).toBe(200);
    await byStaff('PATCH', `/users/${user.id}`, { customer_id: second, username: b.word });
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    expect((await logIn(b, b.word)).status).toBe(200);

    const [former, present] = [await exported(first), await exported(second)];
    expect([named(former, a), named(former, b)]).toEqual([[a.address], []]);
    expect([named(present, a), named(present, b)]).toEqual([[], [b.word, b.address]]);
    await erase(second);
    expect((await exported(first)).audit_events).toEqual(former.audit_events);
    await erase(first);
    expect(named(await keptInLog(), a)).toEqual([]);
  });
});

describe('the export of a customer', () => {
  it('tells from where its own users and panels acted, and not from where others did', async () => {
    const marks = newMarks();
    const id = await customerNamed(marks.word);
    const { key } = await app.sell({ license: { customer_id: id } });
    await markedPanel(app, 'activate', marks, key, hardwareId());
    const user = await addUser(app, { role: 'customer', customerId: id });
    await app.request('POST', '/api/v1/auth/login', {
      body: { username: user.username, password: RIGHT },
      headers: { 'x-forwarded-for': marks.address },
    });
    await byStaff('PATCH', `/customers/${id}`, { name: `${marks.word} & Sons` });
    const document = await exported(id);
    expect(JSON.stringify(document)).not.toContain(STAFF);
    const addresses = Object.fromEntries(
      document.audit_events.map(({ action, personal }: any) => [action, personal.address]),
    );
    expect(addresses).toEqual({
      'customer.created': null,
      'customer.updated': null,
      'license.created': null,
      'activation.created': marks.address,
      'user.logged_in': marks.address,
    });
    expect(idsOf(document.audit_events)).toHaveLength(5);
    expect(document.audit_events[0].personal.name).toBe(marks.word);
  });
});
