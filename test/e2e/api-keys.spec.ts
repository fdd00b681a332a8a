import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../setup/app.js';

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

const events = (subjectId: string) =>
  app.sql('select * from audit_events where subject_id = $1 order by id', [subjectId]);

const REFUSED = { success: false, error: 'Invalid or missing API key', code: 'UNAUTHORIZED' };

describe('an API key', () => {
  it('is shown once, when it is made', async () => {
    const { status, headers, body } = await app.admin('POST', '/api-keys', {
      name: 'Portal',
      permissions: ['licenses:read', 'downloads:write', 'licenses:read'],
      ip_whitelist: ['192.0.2.7', '2001:db8::/32'],
      expires_in: 30,
      rate_limit: 120,
    });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    const { key, ...rest } = body.data;
    expect(key).toMatch(/^mk_[0-9a-f]{48}$/);
    expect(body).toEqual({ success: true, data: expect.anything() });
    expect(rest).toEqual({
      id: expect.any(String),
      name: 'Portal',
      key_prefix: key.slice(0, 11),
      permissions: ['licenses:read', 'downloads:write'],
      ip_whitelist: ['192.0.2.7', '2001:db8::/32'],
      rate_limit: 120,
      enabled: true,
      expires_at: '2027-03-31T12:00:00.000Z',
      last_used_at: null,
      created_at: '2027-03-01T12:00:00.000Z',
      updated_at: '2027-03-01T12:00:00.000Z',
    });
    const answer = await app.admin('GET', `/api-keys/${rest.id}`);
    expect(answer.body).toEqual({ success: true, data: rest });
    const stored = await app.sql('select to_jsonb(k) as row from api_keys k');
    expect(JSON.stringify([stored, await events(rest.id)])).not.toContain(key);
  });

  it('is listed by pages, sorted, searched and filtered', async () => {
    const tag = randomUUID();
    const names = ['b', 'a', 'c'].map((letter) => `${tag} ${letter}`);
    const keys = [];
    for (const name of names) {
      keys.push(await make({ name }));
      app.clock.advance({ seconds: 1 });
    }
    await app.must('PATCH', `/api-keys/${keys[2].id}`, { enabled: false });
    const listed = async (query: string) => {
      const { status, body } = await app.admin('GET', `/api-keys?q=${tag}&${query}`);
      expect(status).toBe(200);
      return { names: body.data.map(({ name }: any) => name.at(-1)).join(''), meta: body.meta };
    };
    expect(await listed('')).toEqual({
      names: 'cab',
      meta: { total: 3, per_page: 50, current_page: 1, last_page: 1 },
    });
    expect(await listed('sort=name&per_page=2&page=2')).toEqual({
      names: 'c',
      meta: { total: 3, per_page: 2, current_page: 2, last_page: 2 },
    });
    expect((await listed('enabled=true&sort=-name')).names).toBe('ba');
    expect((await app.admin('GET', '/api-keys?colour=red')).status).toBe(422);
    const { body } = await app.admin('GET', `/api-keys?q=${keys[0].key_prefix}`);
    expect(body.data.map(({ id }: any) => id)).toEqual([keys[0].id]);
    expect(JSON.stringify(body)).not.toMatch(/mk_[0-9a-f]{9}|hash/);
  });

  it('is changed field by field, and writes down what was changed', async () => {
    const key = await make({ rate_limit: 5, expires_in: 1 });
    const patch = (body: object) => app.must('PATCH', `/api-keys/${key.id}`, body);
    expect(await patch({ name: 'Renamed' })).toMatchObject({
      name: 'Renamed',
      rate_limit: 5,
      permissions: key.permissions,
      expires_at: key.expires_at,
    });
    expect(await patch({ rate_limit: null, expires_in: 0, ip_whitelist: ['10.0.0.0/8'] })).toMatchObject({
      rate_limit: null,
      expires_at: null,
      ip_whitelist: ['10.0.0.0/8'],
    });
    expect(await patch({ permissions: ['read'] })).toMatchObject({ permissions: ['read'] });
    await patch({});
    await patch({ permissions: ['read'] });
    const recorded = await app.sql(
      `select e.action, e.details - 'key_prefix' as details, p.data - 'address' as personal
       from audit_events e left join audit_personal p on p.event_id = e.id
       where e.subject_id = $1 and e.details ->> 'key_prefix' = $2 order by e.id`,
      [key.id, key.key_prefix],
    );
    const ends = key.expires_at;
    expect(recorded).toEqual([
      {
        action: 'api_key.created',
        details: {
          changes: {
            key_prefix: { from: null, to: key.key_prefix },
            permissions: { from: null, to: ['licenses:read'] },
            rate_limit: { from: null, to: 5 },
            enabled: { from: null, to: true },
            expires_at: { from: null, to: ends },
          },
        },
        personal: { name: 'Portal' },
      },
      {
        action: 'api_key.updated',
        details: { changes: { name: { withheld: true } } },
        personal: { name: 'Portal', changes: { name: { from: 'Portal', to: 'Renamed' } } },
      },
      {
        action: 'api_key.updated',
        details: {
          changes: {
            ip_whitelist: { withheld: true },
            rate_limit: { from: 5, to: null },
            expires_at: { from: ends, to: null },
          },
        },
        personal: { name: 'Renamed', changes: { ip_whitelist: { from: [], to: ['10.0.0.0/8'] } } },
      },
      {
        action: 'api_key.updated',
        details: { changes: { permissions: { from: ['licenses:read'], to: ['read'] } } },
        personal: { name: 'Renamed', ip_whitelist: ['10.0.0.0/8'] },
      },
    ]);
  });

  it('is gone once deleted, and refused from the next call on', async () => {
    const key = await make({ permissions: ['api-keys:read'] });
    expect((await as(key.key, 'GET', '/api-keys')).status).toBe(200);
    const answer = await app.admin('DELETE', `/api-keys/${key.id}`);
    expect([answer.status, answer.body]).toEqual([200, { success: true, data: null }]);
    expect((await as(key.key, 'GET', '/api-keys')).body).toEqual(REFUSED);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const { status, body } = await app.admin(
        method,
        `/api-keys/${key.id}`,
        method === 'PATCH' ? {} : undefined,
      );
      expect(status).toBe(404);
      expect(body).toEqual({ success: false, error: 'API key not found', code: 'NOT_FOUND' });
    }
    expect((await events(key.id)).at(-1)).toMatchObject({ action: 'api_key.deleted', actor_type: 'api_key' });
  });

  it.each([
    [{ permissions: undefined }, { permissions: ['The permissions field is required.'] }],
    [{ permissions: [] }, { permissions: ['The permissions field is required.'] }],
    [{ permissions: 'all' }, { permissions: ['The permissions field must be an array.'] }],
    [{ permissions: ['licenses'] }, { permissions: ['The selected permissions.0 is invalid.'] }],
    [{ permissions: ['read', 'wine:write'] }, { permissions: ['The selected permissions.1 is invalid.'] }],
    [{ name: undefined }, { name: ['The name field is required.'] }],
    [{ name: 'a\0b' }, { name: ['The name field format is invalid.'] }],
    [{ ip_whitelist: ['10.0.0.0/33'] }, { ip_whitelist: ['The ip whitelist.0 field format is invalid.'] }],
    [{ ip_whitelist: ['10.0.0.1', 5] }, { ip_whitelist: ['The ip whitelist.1 field must be a string.'] }],
    [{ expires_in: -1 }, { expires_in: ['The expires in field must be at least 0.'] }],
    [{ expires_in: 1.5 }, { expires_in: ['The expires in field must be an integer.'] }],
    [{ rate_limit: 0 }, { rate_limit: ['The rate limit field must be at least 1.'] }],
    [{ enabled: true }, { enabled: ['The enabled field is prohibited.'] }],
  ])('is not made of %j', async (change, details) => {
    const body = { name: 'Portal', permissions: ['read'], ...change };
    const answer = await app.admin('POST', '/api-keys', body);
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual({
      success: false,
      error: 'Validation failed',
      code: 'VALIDATION_ERROR',
      details,
    });
  });

  it('is not found by an id that is none', async () => {
    for (const id of ['1', 'x'.repeat(300), '%00', randomUUID()]) {
      expect((await app.admin('GET', `/api-keys/${id}`)).status).toBe(404);
    }
  });
});

describe('a key that manages keys', () => {
  it('hands on no more than it may do itself', async () => {
    const manager = (await make({ permissions: ['api-keys:write', 'licenses:read'] })).key;
    const attempt = (permissions: string[]) => as(manager, 'POST', '/api-keys', { name: 'x', permissions });
    expect((await attempt(['licenses:read', 'api-keys:read'])).status).toBe(201);
    for (const [permissions, beyond] of [
      [['all'], 'all'],
      [['read'], 'read'],
      [['licenses:read', 'licenses:write'], 'licenses:write'],
    ] as const) {
      const { status, body } = await attempt([...permissions]);
      expect(status).toBe(403);
      expect(body).toEqual({ success: false, error: `API key cannot grant '${beyond}'`, code: 'FORBIDDEN' });
    }
  });

  it('neither changes nor removes one that may do more', async () => {
    const manager = (await make({ permissions: ['api-keys:write'] })).key;
    const strong = await make({ permissions: ['all'], ip_whitelist: ['192.0.2.1'] });
    expect((await as(manager, 'PATCH', `/api-keys/${strong.id}`, { ip_whitelist: [] })).status).toBe(403);
    expect((await as(manager, 'DELETE', `/api-keys/${strong.id}`)).status).toBe(403);
    const { body } = await app.admin('GET', `/api-keys/${strong.id}`);
    expect(body.data.ip_whitelist).toEqual(['192.0.2.1']);
    expect(await events(strong.id)).toHaveLength(1);
  });

  it('hands on every limit that it has itself, and lifts none of its own', async () => {
    const own = await make({
      permissions: ['api-keys:write'],
      expires_in: 30,
      ip_whitelist: ['127.0.0.0/8', '::1', '10.1.0.0/16'],
      rate_limit: 600,
    });
    const within = {
      name: 'x',
      permissions: ['api-keys:read'],
      expires_in: 30,
      ip_whitelist: ['10.1.2.0/24', '127.0.0.1'],
      rate_limit: 600,
    };
    expect((await as(own.key, 'POST', '/api-keys', within)).status).toBe(201);
    for (const [more, lifted] of [
      [{ expires_in: 31 }, 'a later end than its own'],
      [{ expires_in: 0 }, 'a later end than its own'],
      [{ ip_whitelist: [] }, 'addresses beyond its own'],
      [{ ip_whitelist: ['10.1.2.0/24', '10.0.0.0/8'] }, 'addresses beyond its own'],
      [{ ip_whitelist: ['10.2.0.1'] }, 'addresses beyond its own'],
      [{ ip_whitelist: ['2001:db8::1'] }, 'addresses beyond its own'],
      [{ rate_limit: null }, 'a higher rate limit than its own'],
      [{ rate_limit: 601 }, 'a higher rate limit than its own'],
    ] as const) {
      const made = await as(own.key, 'POST', '/api-keys', { ...within, ...more });
      expect([made.status, made.body.error]).toEqual([403, `API key cannot grant ${lifted}`]);
      const lifting = await as(own.key, 'PATCH', `/api-keys/${own.id}`, more);
      expect([lifting.status, lifting.body.error]).toEqual([403, `API key cannot grant ${lifted}`]);
    }
    expect((await as(own.key, 'PATCH', `/api-keys/${own.id}`, { name: 'y' })).status).toBe(200);
    expect((await app.admin('PATCH', `/api-keys/${own.id}`, { expires_in: 0 })).status).toBe(200);
    expect(await events(own.id)).toHaveLength(3);
  });
});
