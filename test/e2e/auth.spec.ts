import { hash } from '@node-rs/argon2';
import { poolOf } from '../../src/database/data-source.js';
import { acceptLogin } from '../../src/database/logins.js';
import { onPool } from '../../src/database/statements.js';
import { startApp, type TestApp } from '../setup/app.js';
import { addUser, login, RIGHT, userEvents } from '../setup/people.js';

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

const fail = async (username: string, times: number) => {
  for (let i = 0; i < times; i++) expect((await login(app, username, 'a wrong one')).status).toBe(401);
};

/** Processor time, which a busy machine does not lengthen: hashing is most of it. */
const effortOf = async (username: string) => {
  const started = process.cpuUsage();
  await login(app, username, 'wrong');
  const { user, system } = process.cpuUsage(started);
  return user + system;
};

describe('logging in', () => {
  it('answers a token, the user and how long the session lasts', async () => {
    const { status, headers, body } = await login(app, 'admin', app.password);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      token: expect.stringMatching(/^ms_[0-9a-f]{48}$/),
      user: { username: 'admin', email: 'admin@localhost', role: 'admin', status: 'active' },
      expires_in: 86_400,
    });
  });

  it('keeps only a hash of the token, and writes down who logged in', async () => {
    const user = await addUser(app);
    const { body } = await login(app, user.username, RIGHT);
    const sessions = await app.sql('select * from sessions where user_id = $1', [user.id]);
    expect(sessions).toHaveLength(1);
    expect(JSON.stringify(sessions)).not.toContain(body.token);
    const [event] = await userEvents(app, 'user.logged_in', user.id);
    expect(event).toMatchObject({ actor_type: 'user', actor_id: user.id });
    expect(JSON.stringify(event)).not.toContain(body.token);
  });

  it('takes the name in any case, and a code from who has no second factor', async () => {
    expect((await login(app, 'ADMIN', app.password, { totp_code: '123456' })).status).toBe(200);
    expect((await login(app, 'admin@localhost', app.password)).body).toEqual(REFUSED);
  });

  it('says the same to a wrong password, an unknown name, a suspended and a locked user', async () => {
    const suspended = await addUser(app, { status: 'suspended' });
    const locked = await addUser(app);
    await fail(locked.username, 10);
    for (const [username, password] of [
      ['admin', 'wrong'],
      ['nobody', app.password],
      [suspended.username, RIGHT],
      [locked.username, RIGHT],
    ] as const) {
      const { status, body } = await login(app, username, password);
      expect(status).toBe(401);
      expect(body).toEqual(REFUSED);
    }
  });

  it('writes down why it refused, and never what was typed', async () => {
    const suspended = await addUser(app, { status: 'suspended' });
    await login(app, suspended.username, RIGHT);
    await login(app, 'my secret password', 'x');
    const [event] = await userEvents(app, 'user.login_failed', suspended.id);
    expect(event.details).toEqual({ reason: 'suspended', locked: false });
    const [count] = await app.sql(
      `select count(*)::int as n from audit_events where details::text like '%my secret%' or subject_id like '%my secret%'`,
    );
    expect(count.n).toBe(0);
  });

  it('takes as long for an unknown name as for a wrong password', async () => {
    const user = await addUser(app);
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
    for (let i = 0; i < 9; i++) {
      times.known.push(await effortOf(user.username));
      times.unknown.push(await effortOf(`nobody-${i}`));
    }
    // Without the stand-in hash the unknown name takes a third.
    expect(Math.min(...times.unknown)).toBeGreaterThan(Math.min(...times.known) * 0.5);
  });

  it('hashes a password anew when it was hashed with other parameters', async () => {
    const passwordHash = await hash(RIGHT, { memoryCost: 8_192, timeCost: 1, algorithm: 2 });
    const user = await addUser(app, { passwordHash });
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
    const [after] = await app.sql('select password_hash from users where id = $1', [user.id]);
    expect(after.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
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
    const user = await addUser(app);
    await fail(user.username, 10);
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    const failures = await userEvents(app, 'user.login_failed', user.id);
    expect(failures.map(({ details }) => details.locked)).toEqual([...Array(9).fill(false), true, false]);
    app.clock.advance({ seconds: 899 });
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    app.clock.advance({ seconds: 1 });
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
  });

  it('counts failures in a row only', async () => {
    const user = await addUser(app);
    await fail(user.username, 9);
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
    await fail(user.username, 9);
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
  });

  it('begins to count anew once it has been', async () => {
    const user = await addUser(app);
    await fail(user.username, 10);
    app.clock.advance({ seconds: 900 });
    await fail(user.username, 9);
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
  });

  it('is not made longer by guesses that come while it holds', async () => {
    const user = await addUser(app);
    await fail(user.username, 10);
    app.clock.advance({ seconds: 890 });
    await fail(user.username, 12);
    app.clock.advance({ seconds: 10 });
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
  });

  it('counts guesses that come all at once, each of them', async () => {
    const user = await addUser(app);
    await Promise.all(Array.from({ length: 9 }, () => login(app, user.username, 'a wrong one')));
    const [row] = await app.sql(
      'select f.failures, failed_logins, f.locked_until from failed_proofs f join users on id = user_id where user_id = $1',
      [user.id],
    );
    expect(row).toEqual({ failures: 9, failed_logins: 9, locked_until: null });
    await Promise.all(Array.from({ length: 30 }, () => login(app, user.username, 'a wrong one')));
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
  });
});

describe('while a password is verified', () => {
  it.each([
    ['suspended', `status = 'suspended'`],
    ['given another password', `password_hash = 'another'`],
    ['given a second factor', `totp_secret = 'x', totp_enabled_at = now()`],
  ])('an account that is %s is closed to that log-in', async (_, change) => {
    const { id: userId, password_hash: verifiedHash } = await addUser(app);
    const run = onPool(poolOf(app.dataSource));
    const accept = () =>
      acceptLogin(run, {
        userId,
        verifiedHash,
        newHash: verifiedHash,
        totpEnabledAt: null,
      });
    expect(await accept()).toBe(true);
    await app.sql(`update users set ${change} where id = $1`, [userId]);
    expect(await accept()).toBe(false);
  });
});
