import { startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';
import { addUser, bearer, tokenOf, userEvents } from '../setup/people.js';
import { send } from '../setup/wire.js';

let app: TestApp;
let billing: string;
beforeAll(async () => {
  app = await startApp();
  billing = (await app.must('POST', '/api-keys', { name: 'Billing', permissions: ['sso:write'] })).key;
});
afterAll(() => app.stop());

const mint = (body: object, headers: Record<string, string> = { 'x-admin-key': billing }) =>
  app.request('POST', '/api/v1/auth/sso/mint', { body, headers });

const customer = () => addUser(app, { role: 'customer' });

const nonceFor = async (user: { username: string }, more: object = {}): Promise<string> =>
  (await mint({ username: user.username, ...more })).body.nonce;

const consume = (nonce: string, method = 'GET') => app.request(method, `/sso/consume/${nonce}`);

const exchange = (nonce: unknown) => app.request('POST', '/api/v1/auth/sso/exchange', { body: { nonce } });

const sessionsOf = (user: { id: string }) =>
  app.sql('select origin from sessions where user_id = $1', [user.id]);

const REFUSED = {
  success: false,
  code: 'UNAUTHORIZED',
  error: 'Invalid or expired nonce',
  message: 'Invalid or expired nonce',
  status: 401,
};

describe('minting', () => {
  it('answers a nonce and where to send the browser, and writes down who, for whom and why', async () => {
    const user = await customer();
    const { status, headers, body } = await mint({
      username: user.username.toUpperCase(),
      target_path: '/licenses?page=2',
      reason: 'Ticket 1042',
    });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      nonce: expect.stringMatching(/^mo_[0-9a-f]{48}$/),
      consume_url: `https://licenses.example.test/sso/consume/${body.nonce}`,
      expires_in: 300,
      target_path: '/licenses?page=2',
    });
    const [event] = await userEvents(app, 'sso.minted', user.id);
    expect(event).toMatchObject({ actor_type: 'api_key', details: { expires_in: 300 } });
    const [personal] = await app.sql('select data from audit_personal where event_id = $1', [event.id]);
    expect(personal.data).toMatchObject({ reason: 'Ticket 1042', target_path: '/licenses?page=2' });
    const stored = await app.sql('select n.*, encode(hash, $1) as text from sso_nonces n', ['escape']);
    expect(JSON.stringify([stored, event, personal])).not.toContain(body.nonce);
  });

  it.each([
    [{}, 300],
    [{ expires_in: 60 }, 60],
    [{ expires_in: 1 }, 30],
    [{ expires_in: -5 }, 30],
    [{ expires_in: 900 }, 900],
    [{ expires_in: 86_400 }, 900],
    [{ expires_in: 2 ** 31 }, 900],
    [{ expires_in: -(2 ** 40) }, 30],
  ])('%j lives %i seconds', async (more, seconds) => {
    const user = await customer();
    const { body } = await mint({ username: user.username, ...more });
    expect(body.expires_in).toBe(seconds);
    app.clock.advance({ seconds });
    expect((await exchange(body.nonce)).status).toBe(401);
    const other = await nonceFor(user, more);
    app.clock.advance({ seconds: seconds - 1 });
    expect((await exchange(other)).status).toBe(200);
  });

  it('takes no Idempotency-Key, which it could not honour', async () => {
    const { id, username } = await customer();
    const { status, body } = await mint({ username }, { 'x-admin-key': billing, 'idempotency-key': 'a' });
    expect([status, body.error]).toEqual([400, 'This call takes no Idempotency-Key']);
    expect(await app.sql('select 1 from sso_nonces where user_id = $1', [id])).toEqual([]);
  });

  it('is not missed by who ends all sessions at the same moment', async () => {
    const { id, username } = await customer();
    let minted: Promise<{ body: { nonce: string } }> | undefined;
    await app.dataSource.transaction(async (manager) => {
      await manager.query('select 1 from users where id = $1 for no key update', [id]);
      minted = mint({ username });
      await untilLockWaits(app);
      await manager.query(`update users set status = 'suspended' where id = $1`, [id]);
    });
    expect(await minted).toMatchObject({ status: 403 });
  });

  it('is for keys that may, and for admins', async () => {
    const { username } = await customer();
    const reader = (await app.must('POST', '/api-keys', { name: 'x', permissions: ['read', 'users:write'] }))
      .key;
    const tokens: Record<string, string> = {};
    for (const role of ['admin', 'support', 'customer']) {
      tokens[role] = await tokenOf(app, await addUser(app, { role }));
    }
    const answers = [
      [{}, 401, 'Missing authorization'],
      [{ 'x-admin-key': `mk_${'0'.repeat(48)}` }, 401, 'Missing authorization'],
      [bearer(tokens.customer ?? ''), 401, 'Missing authorization'],
      [{ 'x-admin-key': reader }, 403, "API key is not scoped for 'sso'"],
      [bearer(tokens.support ?? ''), 403, "API key is not scoped for 'sso'"],
    ] as const;
    for (const [headers, status, error] of answers) {
      const answer = await mint({ username }, headers as Record<string, string>);
      expect([answer.status, answer.body.error, answer.body.status]).toEqual([status, error, status]);
    }
    expect((await mint({ username }, bearer(tokens.admin ?? ''))).status).toBe(200);
    expect((await mint({ username }, bearer(billing))).status).toBe(200);
  });

  it.each(['admin', 'support'])('is refused for a user of the role %s', async (role) => {
    const user = await addUser(app, { role });
    for (const headers of [{ 'x-admin-key': billing }, { 'x-admin-key': app.adminKey }]) {
      const { status, body } = await mint({ username: user.username }, headers);
      expect([status, body.error]).toEqual([403, 'Cannot mint SSO for admin accounts']);
    }
    expect(await app.sql('select 1 from sso_nonces where user_id = $1', [user.id])).toEqual([]);
  });

  it('is refused for nobody and for who may not log in', async () => {
    const unknown = await mint({ username: 'nobody' });
    expect([unknown.status, unknown.body.error]).toEqual([404, 'User not found']);
    const suspended = await addUser(app, { role: 'customer', status: 'suspended' });
    const { status, body } = await mint({ username: suspended.username });
    expect([status, body.error]).toEqual([403, 'User is suspended']);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '\\/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    'licenses',
    '/%2Fevil.example',
    '/%5cevil.example',
    '/%252Fevil.example',
    '/.//evil.example',
    '/\t/evil.example',
    '/a\r\nSet-Cookie: x=y',
    '/a%0d%0aSet-Cookie: x=y',
    `/${'x'.repeat(2_048)}`,
  ])('sends nobody to %j', async (target_path) => {
    const { username } = await customer();
    const { status, body } = await mint({ username, target_path });
    expect([status, body.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(body.error).toMatch(
      /^The target path field (format is invalid|must not be greater than 2048 characters)\.$/,
    );
  });

  it('forgets nonces that nobody used', async () => {
    const user = await customer();
    await nonceFor(user);
    app.clock.advance({ seconds: 301 });
    await nonceFor(await customer());
    expect(await app.sql('select 1 from sso_nonces where user_id = $1', [user.id])).toEqual([]);
  });
});

describe('consuming', () => {
  it('sets the session as a cookie, goes on to the target, and works once', async () => {
    const user = await customer();
    const nonce = await nonceFor(user, { target_path: '/größe?x=1' });
    const { status, headers } = await consume(nonce);
    expect(status).toBe(302);
    expect(Object.fromEntries(headers)).toMatchObject({
      location: '/gr%C3%B6%C3%9Fe?x=1',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'set-cookie': expect.stringMatching(
        /^__Host-mooring_session=ms_[0-9a-f]{48}; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    });
    const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
    const me = await app.request('GET', '/api/v1/auth/me', { headers: { cookie } });
    expect([me.status, me.body.username]).toEqual([200, user.username]);
    expect(await sessionsOf(user)).toEqual([{ origin: 'sso' }]);
    const [event] = await userEvents(app, 'user.logged_in', user.id);
    expect(event).toMatchObject({ actor_id: user.id, details: { origin: 'sso' } });

    const again = await consume(nonce);
    expect([again.status, again.body]).toEqual([401, REFUSED]);
    expect(again.headers.get('referrer-policy')).toBe('no-referrer');
    expect(again.headers.get('set-cookie')).toBeNull();
    expect((await exchange(nonce)).body).toEqual(REFUSED);
  });

  it('is not what HEAD does, nor any other method', async () => {
    const user = await customer();
    const nonce = await nonceFor(user);
    for (const path of [`/sso/consume/${nonce}`, '/sso/consume/nothing']) {
      const { status, headers, body } = await send(app.url, { method: 'HEAD', path });
      expect([status, body]).toEqual([204, '']);
      expect(headers['set-cookie']).toBeUndefined();
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
    expect((await consume(nonce, 'POST')).status).toBe(404);
    expect((await app.request('GET', `/api/v1/sso/consume/${nonce}`)).status).toBe(404);
    expect(await sessionsOf(user)).toEqual([]);
    expect((await consume(nonce)).status).toBe(302);
  });

  it.each([
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
  ])('is not what a browser does that asks ahead with %s: %s', async (name, purpose) => {
    const user = await customer();
    const path = `/sso/consume/${await nonceFor(user)}`;
    const { status, headers, body } = await send(app.url, {
      method: 'GET',
      path,
      headers: { [name]: purpose },
    });
    expect([status, body, headers['cache-control']]).toEqual([204, '', 'no-store']);
    expect(headers['set-cookie']).toBeUndefined();
    expect(await sessionsOf(user)).toEqual([]);
    expect((await app.request('GET', path)).status).toBe(302);
  });

  it('is counted by address with what is asked of /auth', async () => {
    const few = await startApp({ settings: { LIMIT_AUTH_PER_MINUTE: '3' } });
    try {
      const paths = [
        '/sso/consume/x',
        '/SSO/%63onsume/x',
        `/sso/consume/mo_${'0'.repeat(48)}`,
        '/sso/consume/x',
      ];
      const statuses = [];
      for (const path of paths) statuses.push((await few.request('GET', path)).status);
      expect(statuses.at(-1)).toBe(429);
      expect((await few.request('GET', '/api/v1/auth/me')).status).toBe(429);
    } finally {
      await few.stop();
    }
  });

  it('is refused for what is no nonce, without looking for it', async () => {
    let looked: ReturnType<typeof consume> | undefined;
    await app.dataSource.transaction(async (manager) => {
      await manager.query('lock table sso_nonces in access exclusive mode');
      expect((await consume(`mo_${'0'.repeat(47)}`)).status).toBe(401);
      expect((await exchange('x')).status).toBe(401);
      looked = consume(`mo_${'0'.repeat(48)}`);
      await untilLockWaits(app);
    });
    expect((await looked)?.status).toBe(401);
  });

  it('is refused for what is no nonce', async () => {
    for (const nonce of [`mo_${'0'.repeat(48)}`, 'x', '%00', 'x'.repeat(5_000), billing]) {
      const { status, body } = await consume(nonce);
      expect([status, body]).toEqual([401, REFUSED]);
    }
  });

  it.each([
    ['became an admin', { role: 'admin' }],
    ['was suspended', { status: 'suspended' }],
    ['was given to another customer', 'another customer'],
  ])('is refused for who %s meanwhile', async (_, change) => {
    const user = await customer();
    const nonce = await nonceFor(user);
    const other = await app.must('POST', '/customers', { name: 'Acme' });
    const body = typeof change === 'string' ? { customer_id: other.id } : change;
    await app.must('PATCH', `/users/${user.id}`, body);
    expect((await consume(nonce)).status).toBe(401);
    expect(await sessionsOf(user)).toEqual([]);
  });

  it('is told in the log with whom it was that prepared it', async () => {
    const user = await customer();
    await consume(await nonceFor(user));
    const [event] = await userEvents(app, 'user.logged_in', user.id);
    const [minted] = await userEvents(app, 'sso.minted', user.id);
    expect(event.details).toEqual({
      origin: 'sso',
      minted_by_type: 'api_key',
      minted_by: minted.actor_id,
    });
  });

  it('is refused once all sessions of the user were ended', async () => {
    const user = await customer();
    const nonce = await nonceFor(user);
    await app.must('DELETE', `/users/${user.id}/sessions`);
    expect((await exchange(nonce)).status).toBe(401);
  });

  it('sends nobody elsewhere, whatever the database holds', async () => {
    const user = await customer();
    const nonce = await nonceFor(user);
    await app.sql(`update sso_nonces set target_path = '//evil.example' where user_id = $1`, [user.id]);
    expect((await consume(nonce)).headers.get('location')).toBe('/');
  });
});

describe('exchanging', () => {
  it('answers what a log-in does, once', async () => {
    const user = await customer();
    const nonce = await nonceFor(user);
    const { status, headers, body } = await exchange(nonce);
    expect([status, headers.get('set-cookie')]).toEqual([200, null]);
    expect(body).toEqual({
      token: expect.stringMatching(/^ms_[0-9a-f]{48}$/),
      user: { username: user.username, email: user.email, role: 'customer', status: 'active' },
      expires_in: 86_400,
    });
    expect((await exchange(nonce)).body).toEqual(REFUSED);
    expect((await consume(nonce)).status).toBe(401);
  });

  it.each([
    [undefined, 'The nonce field is required.'],
    [5, 'The nonce field must be a string.'],
  ])('wants a nonce, not %j', async (nonce, error) => {
    const { status, body } = await exchange(nonce);
    expect([status, body.error]).toEqual([400, error]);
  });
});
