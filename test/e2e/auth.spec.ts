import { randomUUID } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { hashPassword } from '../../src/access/passwords.js';
import { bootstrap } from '../../src/auth/bootstrap.js';
import { poolOf } from '../../src/database/data-source.js';
import { acceptLogin } from '../../src/database/logins.js';
import { onPool } from '../../src/database/statements.js';
import { Pepper } from '../../src/signing/data-keys.js';
import { startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const REFUSED = {
  success: false,
  code: 'UNAUTHORIZED',
  error: 'Invalid credentials',
  message: 'Invalid credentials',
  status: 401,
};

const login = (username: unknown, password: unknown, more: object = {}) =>
  app.request('POST', '/api/v1/auth/login', { body: { username, password, ...more } });

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const me = (token: string) => app.request('GET', '/api/v1/auth/me', { headers: bearer(token) });

async function addUser(change: { role?: string; status?: string; passwordHash?: string } = {}) {
  const username = `User-${randomUUID()}`;
  const { role = 'admin', status = 'active', passwordHash = await hashPassword('the right one') } = change;
  const [user] = await app.sql(
    `insert into users (id, username, email, role, status, password_hash, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7) returning *`,
    [randomUUID(), username, `${username}@example.test`, role, status, passwordHash, app.clock.now()],
  );
  return user;
}

const fail = async (username: string, times: number) => {
  for (let i = 0; i < times; i++) expect((await login(username, 'a wrong one')).status).toBe(401);
};

const tokenOf = async (user: { username: string }) =>
  (await login(user.username, 'the right one')).body.token as string;

const timed = async (username: string) => {
  const started = performance.now();
  await login(username, 'wrong');
  return performance.now() - started;
};

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const events = (action: string, userId: string) =>
  app.sql('select * from audit_events where action = $1 and subject_id = $2 order by id', [action, userId]);

describe('logging in', () => {
  it('answers a token, the user and how long the session lasts', async () => {
    const { status, headers, body } = await login('admin', app.password);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      token: expect.stringMatching(/^ms_[0-9a-f]{48}$/),
      user: { username: 'admin', email: 'admin@localhost', role: 'admin', status: 'active' },
      expires_in: 86_400,
    });
  });

  it('keeps only a hash of the token, and writes down who logged in', async () => {
    const user = await addUser();
    const { body } = await login(user.username, 'the right one');
    const sessions = await app.sql('select * from sessions where user_id = $1', [user.id]);
    expect(sessions).toHaveLength(1);
    expect(JSON.stringify(sessions)).not.toContain(body.token);
    const [event] = await events('user.logged_in', user.id);
    expect(event).toMatchObject({ actor_type: 'user', actor_id: user.id });
    expect(JSON.stringify(event)).not.toContain(body.token);
  });

  it('takes the name in any case, and the second factor as a field that is not asked for yet', async () => {
    expect((await login('ADMIN', app.password, { totp_code: '123456' })).status).toBe(200);
    expect((await login('admin@localhost', app.password)).body).toEqual(REFUSED);
  });

  it('says the same to a wrong password, an unknown name, a suspended and a locked user', async () => {
    const suspended = await addUser({ status: 'suspended' });
    const locked = await addUser();
    await fail(locked.username, 10);
    for (const [username, password] of [
      ['admin', 'wrong'],
      ['nobody', app.password],
      [suspended.username, 'the right one'],
      [locked.username, 'the right one'],
    ] as const) {
      const { status, body } = await login(username, password);
      expect(status).toBe(401);
      expect(body).toEqual(REFUSED);
    }
  });

  it('writes down why it refused, and never what was typed', async () => {
    const suspended = await addUser({ status: 'suspended' });
    await login(suspended.username, 'the right one');
    await login('my secret password', 'x');
    const [event] = await events('user.login_failed', suspended.id);
    expect(event.details).toEqual({ reason: 'suspended', locked: false });
    const [count] = await app.sql(
      `select count(*)::int as n from audit_events where details::text like '%my secret%' or subject_id like '%my secret%'`,
    );
    expect(count.n).toBe(0);
  });

  it('takes as long for an unknown name as for a wrong password', async () => {
    const user = await addUser();
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
    for (let i = 0; i < 9; i++) {
      times.known.push(await timed(user.username));
      times.unknown.push(await timed(`nobody-${i}`));
    }
    // Without the stand-in hash the unknown name is answered some ten times faster.
    expect(median(times.unknown)).toBeGreaterThan(median(times.known) * 0.6);
  });

  it('hashes a password anew when it was hashed with other parameters', async () => {
    const passwordHash = await hash('the right one', { memoryCost: 8_192, timeCost: 1, algorithm: 2 });
    const user = await addUser({ passwordHash });
    expect((await login(user.username, 'the right one')).status).toBe(200);
    const [after] = await app.sql('select password_hash from users where id = $1', [user.id]);
    expect(after.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await login(user.username, 'the right one')).status).toBe(200);
  });
});

describe('a log-in that is not understood', () => {
  const REQUIRED = 'Username and password are required';

  it.each([
    [{}, REQUIRED],
    [{ username: 'admin' }, REQUIRED],
    [{ password: 'x' }, REQUIRED],
    [{ username: '', password: 'x' }, REQUIRED],
    [{ username: 'admin', password: null }, REQUIRED],
    [{ username: 'admin', colour: 'red' }, REQUIRED],
    [{ username: 5, password: 'x' }, 'The username field must be a string.'],
    [{ username: 'admin', password: ['x'] }, 'The password field must be a string.'],
    [{ username: 'admin', password: 'x', colour: 'red' }, 'The colour field is prohibited.'],
    [{ username: 'admin', password: 'x', totp_code: 5 }, 'The totp code field must be a string.'],
    [
      { username: 'admin', password: 'x'.repeat(257) },
      'The password field must not be greater than 256 characters.',
    ],
    [{ username: 'ad\0min', password: 'x' }, 'The username field format is invalid.'],
  ])('%j is a 400: %s', async (body, error) => {
    const answer = await app.request('POST', '/api/v1/auth/login', { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      success: false,
      code: 'VALIDATION_ERROR',
      error,
      message: error,
      status: 400,
    });
  });
});

describe('the lock', () => {
  it('closes after ten failures in a row, and opens after 15 minutes', async () => {
    const user = await addUser();
    await fail(user.username, 10);
    expect((await login(user.username, 'the right one')).status).toBe(401);
    const failures = await events('user.login_failed', user.id);
    expect(failures.map(({ details }) => details.locked)).toEqual([...Array(9).fill(false), true, false]);
    app.clock.advance({ seconds: 899 });
    expect((await login(user.username, 'the right one')).status).toBe(401);
    app.clock.advance({ seconds: 1 });
    expect((await login(user.username, 'the right one')).status).toBe(200);
  });

  it('counts failures in a row only', async () => {
    const user = await addUser();
    await fail(user.username, 9);
    expect((await login(user.username, 'the right one')).status).toBe(200);
    await fail(user.username, 9);
    expect((await login(user.username, 'the right one')).status).toBe(200);
  });

  it('begins to count anew once it has been', async () => {
    const user = await addUser();
    await fail(user.username, 10);
    app.clock.advance({ seconds: 900 });
    await fail(user.username, 9);
    expect((await login(user.username, 'the right one')).status).toBe(200);
  });

  it('is not made longer by guesses that come while it holds', async () => {
    const user = await addUser();
    await fail(user.username, 10);
    app.clock.advance({ seconds: 890 });
    await fail(user.username, 12);
    app.clock.advance({ seconds: 10 });
    expect((await login(user.username, 'the right one')).status).toBe(200);
  });

  it('counts guesses that come all at once, each of them', async () => {
    const user = await addUser();
    await Promise.all(Array.from({ length: 9 }, () => login(user.username, 'a wrong one')));
    const [row] = await app.sql('select failed_logins, locked_until from users where id = $1', [user.id]);
    expect(row).toEqual({ failed_logins: 9, locked_until: null });
    await Promise.all(Array.from({ length: 30 }, () => login(user.username, 'a wrong one')));
    expect((await login(user.username, 'the right one')).status).toBe(401);
  });
});

describe('while a password is verified', () => {
  it.each([
    ['locked', `locked_until = now() + interval '20 years'`],
    ['suspended', `status = 'suspended'`],
    ['given another password', `password_hash = 'another'`],
  ])('an account that is %s is closed to that log-in', async (_, change) => {
    const { id: userId, password_hash: verifiedHash } = await addUser();
    const run = onPool(poolOf(app.dataSource));
    const accept = () =>
      acceptLogin(run, { userId, verifiedHash, newHash: verifiedHash, now: app.clock.now() });
    expect(await accept()).toBe(true);
    await app.sql(`update users set ${change} where id = $1`, [userId]);
    expect(await accept()).toBe(false);
  });
});

describe('a session', () => {
  it('tells who one is', async () => {
    const user = await addUser({ role: 'customer' });
    const { status, body } = await me(await tokenOf(user));
    expect(status).toBe(200);
    expect(body).toEqual({ username: user.username, email: user.email, role: 'customer', status: 'active' });
  });

  it('ends with the log-out, once', async () => {
    const user = await addUser();
    const [token, other] = [await tokenOf(user), await tokenOf(user)];
    const logout = () => app.request('POST', '/api/v1/auth/logout', { headers: bearer(token) });
    const { status, body } = await logout();
    expect([status, body]).toEqual([200, { message: 'Logged out successfully' }]);
    expect((await logout()).status).toBe(401);
    expect((await me(token)).status).toBe(401);
    expect((await me(other)).status).toBe(200);
    expect(await events('user.logged_out', user.id)).toHaveLength(1);
  });

  it('ends after 24 hours, and is forgotten at somebody’s next log-in', async () => {
    const user = await addUser();
    const token = await tokenOf(user);
    app.clock.advance({ seconds: 86_399 });
    expect((await me(token)).status).toBe(200);
    app.clock.advance({ seconds: 1 });
    expect((await me(token)).status).toBe(401);
    const sessions = () => app.sql('select 1 from sessions where user_id = $1', [user.id]);
    expect(await sessions()).toHaveLength(1);
    await login('admin', app.password);
    expect(await sessions()).toHaveLength(0);
  });

  it('ends with the suspension of its user', async () => {
    const user = await addUser();
    const token = await tokenOf(user);
    await app.sql(`update users set status = 'suspended' where id = $1`, [user.id]);
    expect((await me(token)).status).toBe(401);
  });

  it.each([
    ['GET', '/api/v1/auth/me'],
    ['POST', '/api/v1/auth/logout'],
  ])('is what %s %s wants', async (method, path) => {
    const [apiKey, unknown] = [app.adminKey, `ms_${'0'.repeat(48)}`];
    for (const headers of [
      {},
      bearer(unknown),
      bearer(apiKey),
      bearer('x'.repeat(10_000)),
      { authorization: 'Basic x' },
    ]) {
      const { status, body } = await app.request(method, path, { headers });
      expect(status).toBe(401);
      expect(body).toMatchObject({ code: 'UNAUTHORIZED', error: 'Missing authorization' });
    }
  });
});

describe('the first start', () => {
  it('has made one admin and one key, also when two nodes start at once', async () => {
    const fresh = await startApp();
    try {
      await fresh.sql('delete from users');
      await fresh.sql('delete from api_keys');
      const said: string[] = [];
      const foundation = {
        config: { MOORING_ADMIN_PASSWORD: null, MOORING_ADMIN_KEY: null },
        clock: fresh.clock,
        database: { dataSource: fresh.dataSource },
        keys: { pepper: fresh.nest.get(Pepper) },
        say: (line: string) => void said.push(line),
      };
      await Promise.all([bootstrap(foundation), bootstrap(foundation)]);
      await bootstrap(foundation);
      expect(await fresh.sql('select username, role from users')).toEqual([
        { username: 'admin', role: 'admin' },
      ]);
      expect(await fresh.sql('select permissions from api_keys')).toEqual([{ permissions: ['all'] }]);
      const shown = (form: RegExp) => said.filter((line) => form.test(line));
      const [password] = shown(/Admin password/);
      const [key] = shown(/Admin API key/);
      expect([shown(/Admin password/), shown(/Admin API key/)].map((lines) => lines.length)).toEqual([1, 1]);
      const answer = await fresh.request('POST', '/api/v1/auth/login', {
        body: { username: 'admin', password: password?.split(/ +/).at(-1) },
      });
      expect(answer.status).toBe(200);
      const list = await fresh.request('GET', '/api/v1/admin/api-keys', {
        headers: { 'x-admin-key': key?.split(/ +/).at(-1) ?? '' },
      });
      expect(list.status).toBe(200);
    } finally {
      await fresh.stop();
    }
  });
});
