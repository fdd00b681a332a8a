import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, login, RIGHT, tokenOf, userEvents } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const STRONG = 'seven lazy otters reading maps';
const tag = () => randomUUID().slice(0, 8);

const make = (change: object = {}) => {
  const username = `maria-${tag()}`;
  return app.must('POST', '/users', {
    username,
    email: `${username}@example.test`,
    role: 'customer',
    ...change,
  });
};

const key = async (...permissions: string[]): Promise<string> =>
  (await app.must('POST', '/api-keys', { name: 'Key', permissions })).key;

const as = (adminKey: string, method: string, path: string, body?: unknown) =>
  app.request(method, `/api/v1/admin${path}`, { body, headers: { 'x-admin-key': adminKey } });

/** The status of making a user of a role with that key. */
const attempt = async (adminKey: string, role: string) =>
  (await as(adminKey, 'POST', '/users', { username: `u${tag()}`, email: `${tag()}@example.test`, role }))
    .status;

const me = (token: string) => app.request('GET', '/api/v1/auth/me', { headers: bearer(token) });

describe('a user', () => {
  it('is made, and can log in by the password that was given', async () => {
    const username = `Olga-${tag()}`;
    const email = `${username}@example.test`;
    const body = { username, email, role: 'support', password: STRONG };
    const { status, body: answer } = await app.admin('POST', '/users', body);
    expect(status).toBe(201);
    expect(answer.data).toEqual({
      id: expect.any(String),
      username,
      email,
      role: 'support',
      status: 'active',
      customer_id: null,
      has_password: true,
      two_factor_enabled: false,
      created_at: app.clock.now().toISOString(),
      updated_at: app.clock.now().toISOString(),
    });
    expect((await app.admin('GET', `/users/${answer.data.id}`)).body.data).toEqual(answer.data);
    expect((await login(app, username.toUpperCase(), STRONG)).body.user.role).toBe('support');
    const [event] = await userEvents(app, 'user.created', answer.data.id);
    expect(event.details.role).toBe('support');
    const [row] = await app.sql('select password_hash from users where id = $1', [answer.data.id]);
    expect(row.password_hash).toMatch(/^\$argon2id\$/);
    // What names a person is where it can be erased, and the password's hash is nowhere.
    expect(JSON.stringify(event)).not.toMatch(/argon2|Olga/);
    const [personal] = await app.sql('select data from audit_personal where event_id = $1', [event.id]);
    expect(personal.data).toMatchObject({ username, email });
  });

  it('is listed, sorted, searched and filtered', async () => {
    const group = `g${tag()}`;
    const customer = await app.must('POST', '/customers', { name: 'Customer' });
    const names = [`${group}-b`, `${group}-a`, `${group}-c`];
    for (const [index, username] of names.entries()) {
      await make({
        username,
        email: `${username}@example.test`,
        ...(index === 0 && { customer_id: customer.id }),
      });
      app.clock.advance({ seconds: 1 });
    }
    const found = async (query: string) => {
      const { status, body } = await app.admin('GET', `/users?q=${group}&${query}`);
      expect(status).toBe(200);
      return body.data.map(({ username }: any) => username.at(-1)).join('');
    };
    expect(await found('')).toBe('cab');
    expect(await found('sort=username')).toBe('abc');
    expect(await found('sort=-email&per_page=2')).toBe('cb');
    expect(await found(`customer_id=${customer.id}`)).toBe('b');
    expect(await found('role=admin')).toBe('');
    expect(await found('role=customer&status=active&sort=username')).toBe('abc');
    expect((await app.admin('GET', '/users?sort=password_hash')).status).toBe(422);
  });

  it.each([
    [{ username: undefined }, { username: ['The username field is required.'] }],
    [{ username: 'a b' }, { username: ['The username field format is invalid.'] }],
    [{ username: 'аdmin' }, { username: ['The username field format is invalid.'] }],
    [{ username: '=cmd' }, { username: ['The username field format is invalid.'] }],
    [{ email: 'nobody' }, { email: ['The email field must be a valid email address.'] }],
    [{ role: 'king' }, { role: ['The selected role is invalid.'] }],
    [{ status: 'suspended' }, { status: ['The status field is prohibited.'] }],
    [{ password: 'short' }, { password: ['The password field must be at least 12 characters.'] }],
    [
      { password: 'x'.repeat(257) },
      { password: ['The password field must not be greater than 256 characters.'] },
    ],
    [{ password: 'password1234' }, { password: ['The password field is too easy to guess.'] }],
    [
      { username: 'lopezgarcia', password: 'lopezgarcia1' },
      { password: ['The password field is too easy to guess.'] },
    ],
    [{ customer_id: randomUUID() }, { customer_id: ['The selected customer id is invalid.'] }],
    [
      { role: 'support', customer_id: randomUUID() },
      { customer_id: ['The customer id field is prohibited.'] },
    ],
  ])('is not made of %j', async (change, details) => {
    const before = await app.sql('select count(*) from users');
    const body = { username: `u${tag()}`, email: `${tag()}@example.test`, role: 'customer', ...change };
    const answer = await app.admin('POST', '/users', body);
    expect([answer.status, answer.body.details]).toEqual([422, details]);
    expect(await app.sql('select count(*) from users')).toEqual(before);
  });

  it('has a name and an address of its own, in whatever case', async () => {
    const user = await make();
    const body = { username: user.username.toUpperCase(), email: 'x@example.test', role: 'customer' };
    const name = await app.admin('POST', '/users', body);
    expect([name.status, name.body.error]).toEqual([409, 'The username has already been taken.']);
    const other = await make();
    const address = await app.admin('PATCH', `/users/${other.id}`, { email: user.email.toUpperCase() });
    expect([address.status, address.body.error]).toEqual([409, 'The email has already been taken.']);
  });

  it('is changed field by field, and the log tells it without telling secrets', async () => {
    const customer = await app.must('POST', '/customers', { name: 'Customer' });
    const user = await make({ customer_id: customer.id });
    const patch = (body: object) => app.must('PATCH', `/users/${user.id}`, body);
    const email = `${tag()}@example.test`;
    expect(await patch({ email })).toMatchObject({
      email,
      username: user.username,
      customer_id: customer.id,
    });
    expect(await patch({ password: STRONG })).toMatchObject({ has_password: true });
    expect(await patch({ role: 'support' })).toMatchObject({ role: 'support', customer_id: null });
    await patch({ role: 'support' });
    const changes = (await userEvents(app, 'user.updated', user.id)).map(({ details }) => details.changes);
    expect(changes).toEqual([
      { email: { withheld: true } },
      { password_hash: { withheld: true } },
      { role: { from: 'customer', to: 'support' }, customer_id: { from: customer.id, to: null } },
    ]);
    const linked = await app.admin('PATCH', `/users/${user.id}`, { customer_id: customer.id });
    expect(linked.body.details).toEqual({ customer_id: ['The customer id field is prohibited.'] });
  });

  it('has a new password judged while nobody waits for it', async () => {
    const { id } = await addUser(app, { role: 'customer' });
    await app.dataSource.transaction(async (manager) => {
      await manager.query(`select 1 from users where role = 'admin' for update`);
      const { status, body } = await app.admin('PATCH', `/users/${id}`, { password: 'password1234' });
      expect([status, body.details.password]).toEqual([422, ['The password field is too easy to guess.']]);
    });
  });

  it('can log in again with the password of an admin, however many guesses there were', async () => {
    const user = await addUser(app, { role: 'customer' });
    for (let i = 0; i < 10; i++) await login(app, user.username, 'a guess');
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    await app.must('PATCH', `/users/${user.id}`, { password: STRONG });
    expect((await login(app, user.username, STRONG)).status).toBe(200);
  });

  it('cannot be of a customer who was erased', async () => {
    const customer = await app.must('POST', '/customers', { name: 'Customer' });
    await app.must('POST', `/customers/${customer.id}/erase`);
    const user = await make();
    const { status, body } = await app.admin('PATCH', `/users/${user.id}`, { customer_id: customer.id });
    expect([status, body.details]).toEqual([422, { customer_id: ['The selected customer id is invalid.'] }]);
  });

  it('is gone once deleted, with sessions and all', async () => {
    const user = await addUser(app, { role: 'customer' });
    const token = await tokenOf(app, user);
    expect((await app.admin('DELETE', `/users/${user.id}`)).body).toEqual({ success: true, data: null });
    expect((await me(token)).status).toBe(401);
    expect((await app.admin('DELETE', `/users/${user.id}`)).status).toBe(404);
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    expect(await userEvents(app, 'user.deleted', user.id)).toHaveLength(1);
  });
});

describe('the sessions of a user', () => {
  it.each([
    ['a new password', { password: STRONG }],
    ['a suspension', { status: 'suspended' }],
    ['another role', { role: 'support' }],
  ])('end at once with %s', async (_, change) => {
    const user = await addUser(app, { role: 'customer' });
    const tokens = [await tokenOf(app, user), await tokenOf(app, user)];
    await app.must('PATCH', `/users/${user.id}`, { email: `${tag()}@example.test` });
    expect((await me(tokens[0] ?? '')).status).toBe(200);
    await app.must('PATCH', `/users/${user.id}`, change);
    for (const token of tokens) expect((await me(token)).status).toBe(401);
    // Not only closed to a user who is suspended: they are not there again when that is over.
    await app.must('PATCH', `/users/${user.id}`, { status: 'active' });
    for (const token of tokens) expect((await me(token)).status).toBe(401);
  });

  it('are seen and ended by an admin, one or all', async () => {
    const user = await addUser(app, { role: 'customer' });
    const [first, second, third] = [
      await tokenOf(app, user),
      await tokenOf(app, user),
      await tokenOf(app, user),
    ];
    const path = `/users/${user.id}/sessions`;
    const { body } = await app.admin('GET', `${path}?sort=created_at&per_page=2`);
    expect(body.meta.total).toBe(3);
    expect(body.data[0]).toEqual({
      id: expect.any(String),
      origin: 'password',
      address: '127.0.0.1',
      user_agent: 'node',
      created_at: app.clock.now().toISOString(),
      last_seen_at: app.clock.now().toISOString(),
      expires_at: new Date(app.clock.now().getTime() + 86_400_000).toISOString(),
    });
    expect(JSON.stringify(body)).not.toMatch(/ms_|hash/);
    await app.must('DELETE', `${path}/${body.data[0].id}`);
    expect([await me(first), await me(second), await me(third)].map(({ status }) => status)).toEqual([
      401, 200, 200,
    ]);
    expect((await app.admin('DELETE', `${path}/${body.data[0].id}`)).status).toBe(404);
    const other = await addUser(app, { role: 'customer' });
    expect((await app.admin('DELETE', `/users/${other.id}/sessions/${body.data[1].id}`)).status).toBe(404);
    expect(await app.must('DELETE', path)).toEqual({ revoked: 2 });
    expect((await me(second)).status).toBe(401);
    expect((await app.admin('GET', path)).body.meta.total).toBe(0);
    expect(await userEvents(app, 'user.session_revoked', user.id)).toHaveLength(1);
    expect(await userEvents(app, 'user.sessions_revoked', user.id)).toHaveLength(1);
  });
});

describe('a key that manages users', () => {
  it('makes none that reaches further than itself', async () => {
    const [narrow, reader, full] = [
      await key('users:write'),
      await key('users:write', 'read'),
      await key('all'),
    ];
    const roles = ['customer', 'support', 'admin'];
    const statuses = async (adminKey: string) => {
      const seen = [];
      for (const role of roles) seen.push(await attempt(adminKey, role));
      return seen;
    };
    expect(await statuses(narrow)).toEqual([201, 403, 403]);
    expect(await statuses(reader)).toEqual([201, 201, 403]);
    expect(await statuses(full)).toEqual([201, 201, 201]);
    expect(await statuses(await key('read'))).toEqual([403, 403, 403]);
  });

  it('neither touches such a user nor lifts one up', async () => {
    const narrow = await key('users:write');
    const admin = await addUser(app);
    const customer = await addUser(app, { role: 'customer' });
    const token = await tokenOf(app, admin);
    const before = await app.sql('select * from users where id = $1', [admin.id]);
    for (const [method, path, body] of [
      ['PATCH', `/users/${admin.id}`, { password: STRONG }],
      ['PATCH', `/users/${admin.id}`, { email: 'mine@example.test' }],
      ['PATCH', `/users/${admin.id}`, { role: 'customer' }],
      ['PATCH', `/users/${customer.id}`, { role: 'admin' }],
      ['DELETE', `/users/${admin.id}`],
      ['DELETE', `/users/${admin.id}/sessions`],
      ['DELETE', `/users/${admin.id}/two-factor`],
    ] as const) {
      const answer = await as(narrow, method, path, body);
      expect(answer.status).toBe(403);
      expect(answer.body.error).toBe("API key cannot manage a user with the role 'admin'");
    }
    expect(await app.sql('select * from users where id = $1', [admin.id])).toEqual(before);
    expect((await me(token)).status).toBe(200);
    expect((await as(narrow, 'PATCH', `/users/${customer.id}`, { password: STRONG })).status).toBe(200);
  });

  it('is not needed to look', async () => {
    const support = await tokenOf(app, await addUser(app, { role: 'support' }));
    const get = await app.request('GET', '/api/v1/admin/users', { headers: bearer(support) });
    expect(get.status).toBe(200);
    expect(JSON.stringify(get.body)).not.toMatch(/argon2|totp_secret/);
    const post = await app.request('POST', '/api/v1/admin/users', {
      body: { username: 'x', email: 'x@example.test', role: 'customer' },
      headers: bearer(support),
    });
    expect(post.status).toBe(403);
  });
});

describe('an admin by session', () => {
  it('neither changes the own password nor resets the own second factor here', async () => {
    const admin = await addUser(app);
    const headers = bearer(await tokenOf(app, admin));
    const send = (method: string, path: string, body?: object) =>
      app.request(method, `/api/v1/admin/users/${path}`, { body, headers });
    const password = await send('PATCH', admin.id, { password: STRONG });
    expect([password.status, password.body.error]).toEqual([
      409,
      'Your own password is changed by /auth/password.',
    ]);
    const factor = await send('DELETE', `${admin.id}/two-factor`);
    expect([factor.status, factor.body.error]).toEqual([
      409,
      'Your own second factor is turned off by /auth/totp/disable.',
    ]);
    expect((await login(app, admin.username, RIGHT)).status).toBe(200);
    const other = await addUser(app);
    expect((await send('PATCH', other.id, { password: STRONG })).status).toBe(200);
    expect((await send('PATCH', admin.id, { username: `renamed-${tag()}` })).status).toBe(200);
  });
});

describe('the last active admin', () => {
  let own: TestApp;
  let admin: any;
  beforeAll(async () => {
    own = await startApp();
    [admin] = await own.sql(`select * from users where role = 'admin'`);
  });
  afterAll(() => own.stop());

  const changes = [
    ['PATCH', { status: 'suspended' }],
    ['PATCH', { role: 'support' }],
    ['DELETE', undefined],
  ] as const;

  it.each(changes)('stays, whatever %s %j asks for', async (method, body) => {
    await addUser(own, { role: 'admin', status: 'suspended' });
    const { id: locked } = await addUser(own);
    await own.sql('update users set password_hash = null where id = $1', [locked]);
    for (const id of [admin.id, admin.id.toUpperCase()]) {
      const answer = await own.admin(method, `/users/${id}`, body);
      expect([answer.status, answer.body.error]).toEqual([409, 'The last active admin must stay.']);
    }
    const left = `select id from users where role = 'admin' and status = 'active' and password_hash is not null`;
    expect(await own.sql(left)).toHaveLength(1);
    await own.must('DELETE', `/users/${locked}`);
  });

  it.each([
    ['', {}],
    [' held to a version', { 'if-match': '*' }],
  ])('stays when each of two is taken away by the other%s', async (_, headers) => {
    for (let round = 0; round < 8; round++) {
      const { id } = await addUser(own);
      const demote = (user: string) =>
        own.admin('PATCH', `/users/${user}`, { role: 'support' }, headers as Record<string, string>);
      const answers = await Promise.all([demote(admin.id), demote(id)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const left = await own.sql(`select id from users where role = 'admin' and status = 'active'`);
      expect(left).toHaveLength(1);
      admin = left[0];
    }
  });
});
