import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const make = (body: object = {}) =>
  app.must('POST', '/api-keys', { name: 'Portal', permissions: ['licenses:read'], ...body });

/** A call with another credential than the admin's. */
const as = (key: string, method: string, path: string, body?: unknown) =>
  app.request(method, `/api/v1/admin${path}`, { body, headers: { 'x-admin-key': key } });

const statusWith = async (headers: Record<string, string>) =>
  (await app.request('GET', '/api/v1/admin/api-keys', { headers })).status;

const REFUSED = { success: false, error: 'Invalid or missing API key', code: 'UNAUTHORIZED' };

describe('the door of the admin plane', () => {
  it('opens to a key in either header', async () => {
    expect(await statusWith({ 'x-admin-key': app.adminKey })).toBe(200);
    expect(await statusWith({ authorization: `Bearer ${app.adminKey}` })).toBe(200);
    expect(await statusWith({ authorization: `bearer ${app.adminKey}` })).toBe(200);
  });

  it('stays closed to anything else', async () => {
    const unknown = `mk_${'0'.repeat(48)}`;
    const attempts: Record<string, string>[] = [
      {},
      { 'x-admin-key': '' },
      { 'x-admin-key': unknown },
      { 'x-admin-key': app.adminKey.toUpperCase() },
      { 'x-admin-key': `${app.adminKey}0` },
      { 'x-admin-key': 'x'.repeat(10_000) },
      { 'x-admin-key': unknown, authorization: `Bearer ${app.adminKey}` },
      { authorization: app.adminKey },
      { authorization: `Basic ${app.adminKey}` },
      { cookie: `x-admin-key=${app.adminKey}` },
    ];
    for (const headers of attempts) {
      const answer = await app.request('GET', '/api/v1/admin/api-keys', { headers });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual(REFUSED);
    }
  });

  it('looks for a malformed credential as for any other, so that its refusal takes no less time', async () => {
    const attempts: Record<string, string>[] = [
      { 'x-admin-key': `mk_${'0'.repeat(48)}` },
      { 'x-admin-key': 'x' },
      { 'x-admin-key': '' },
      bearer(`ms_${'0'.repeat(48)}`),
      bearer('nonsense'),
    ];
    for (const headers of attempts) expect(await statusWith(headers)).toBe(401);
    // Without the tables to look into, whoever is looked for can't be told.
    await app.sql('alter table api_keys rename to hidden_keys');
    await app.sql('alter table sessions rename to hidden_sessions');
    try {
      for (const headers of attempts) expect(await statusWith(headers)).toBe(500);
    } finally {
      await app.sql('alter table hidden_keys rename to api_keys');
      await app.sql('alter table hidden_sessions rename to sessions');
    }
    expect(await statusWith({ 'x-admin-key': app.adminKey })).toBe(200);
  });

  it('closes to a key that is disabled, expired or used from elsewhere', async () => {
    const key = await make({ permissions: ['all'], expires_in: 1 });
    const opens = async () => (await statusWith({ 'x-admin-key': key.key })) === 200;
    const patch = (body: object) => app.must('PATCH', `/api-keys/${key.id}`, body);
    expect(await opens()).toBe(true);
    await patch({ enabled: false });
    expect(await opens()).toBe(false);
    await patch({ enabled: true, ip_whitelist: ['192.0.2.1'] });
    expect(await opens()).toBe(false);
    await patch({ ip_whitelist: ['::ffff:127.0.0.0/104'] });
    expect(await opens()).toBe(true);
    app.clock.advance({ seconds: 86_399 });
    expect(await opens()).toBe(true);
    app.clock.advance({ seconds: 1 });
    expect(await opens()).toBe(false);
  });

  it('lets a key do what it is scoped for and nothing else', async () => {
    const reader = (await make({ permissions: ['read'] })).key;
    const licenses = (await make({ permissions: ['licenses:write'] })).key;
    expect((await as(reader, 'GET', '/api-keys')).status).toBe(200);
    for (const [key, method] of [
      [reader, 'POST'],
      [licenses, 'GET'],
    ] as const) {
      const answer = await as(key, method, '/api-keys', method === 'POST' ? {} : undefined);
      expect(answer.status).toBe(403);
      expect(answer.body).toEqual({
        success: false,
        error: "API key is not scoped for 'api-keys'",
        code: 'FORBIDDEN',
      });
    }
  });

  it('opens to an admin’s session in full, to support for reading, to a customer not at all', async () => {
    const sessionOf = async (role: string) => tokenOf(app, await addUser(app, { role }));
    const tokens: Record<string, string> = {
      admin: await sessionOf('admin'),
      support: await sessionOf('support'),
      customer: await sessionOf('customer'),
    };
    const attempt = async (role: string, method: string) => {
      const body = method === 'POST' ? { name: 'x', permissions: ['read'] } : undefined;
      const headers = { authorization: `Bearer ${tokens[role]}` };
      return (await app.request(method, '/api/v1/admin/api-keys', { body, headers })).status;
    };
    expect([await attempt('admin', 'GET'), await attempt('admin', 'POST')]).toEqual([200, 201]);
    expect([await attempt('support', 'GET'), await attempt('support', 'POST')]).toEqual([200, 403]);
    expect([await attempt('customer', 'GET'), await attempt('customer', 'POST')]).toEqual([401, 401]);
    expect(await statusWith({ 'x-admin-key': tokens.admin ?? '' })).toBe(401);
    const [event] = await app.sql(
      `select actor_type, count(*)::int as n from audit_events where action = 'api_key.created' and actor_type = 'user' group by 1`,
    );
    expect(event).toEqual({ actor_type: 'user', n: 1 });
  });

  it('notes the last use at most once a minute', async () => {
    const key = await make({ permissions: ['read'] });
    const lastUse = async () => {
      await as(key.key, 'GET', '/api-keys');
      const [row] = await app.sql('select last_used_at, xmin from api_keys where id = $1', [key.id]);
      return row;
    };
    const first = await lastUse();
    expect(first.last_used_at).toEqual(app.clock.now());
    app.clock.advance({ seconds: 59 });
    expect(await lastUse()).toEqual(first);
    app.clock.advance({ seconds: 1 });
    expect((await lastUse()).last_used_at).toEqual(app.clock.now());
  });
});
