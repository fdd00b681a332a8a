import { TOTP } from 'otpauth';
import { startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';
import { addUser, bearer, login, RIGHT, tokenOf, userEvents } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const call = (token: string, method: string, path: string, body?: unknown) =>
  app.request(method, `/api/v1/auth/totp${path}`, { body, headers: bearer(token) });

/** What the app on the phone shows now. */
const codeOf = (secret: string) => new TOTP({ secret }).generate({ timestamp: app.clock.now().getTime() });

/** Whether the code is right now, which it is a step early and a step late as well. */
const isRight = (secret: string, token: string) =>
  new TOTP({ secret }).validate({ token, timestamp: app.clock.now().getTime(), window: 1 }) !== null;

/** One that is not: a fixed one could be right by chance. */
function wrongCode(secret: string): string {
  for (let i = 0; ; i++) {
    const code = String(i).padStart(6, '0');
    if (!isRight(secret, code)) return code;
  }
}

const step = () => app.clock.advance({ seconds: 30 });

/** A user with a second factor that is on; the code that turned it on is used up. */
async function enrolled(change: { role?: string } = {}) {
  const user = await addUser(app, { role: 'customer', ...change });
  const token = await tokenOf(app, user);
  const { secret } = (await call(token, 'POST', '/enroll', { password: RIGHT })).body;
  const { body } = await call(token, 'POST', '/confirm', { code: codeOf(secret) });
  step();
  return { user, token, secret: secret as string, codes: body.recovery_codes as string[] };
}

const loginWith = (user: { username: string }, totp_code?: string) =>
  login(app, user.username, RIGHT, totp_code === undefined ? {} : { totp_code });

describe('enrolment', () => {
  it('answers a secret in three forms, and begins to count with the first right code', async () => {
    const user = await addUser(app, { role: 'customer' });
    const token = await tokenOf(app, user);
    const { status, headers, body } = await call(token, 'POST', '/enroll', { password: RIGHT });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      otpauth_url: expect.stringMatching(/^otpauth:\/\/totp\/Mooring:User-/),
      qr_code: expect.stringMatching(/^data:image\/png;base64,iVBORw0KGgo/),
    });
    expect(body.otpauth_url).toContain(`secret=${body.secret}`);
    // Not yet: an app that has not understood locks nobody out.
    expect((await loginWith(user)).body.token).toMatch(/^ms_/);
    const wrong = await call(token, 'POST', '/confirm', { code: wrongCode(body.secret) });
    expect([wrong.status, wrong.body.error]).toEqual([400, 'The selected code is invalid.']);
    expect((await call(token, 'GET', '')).body).toEqual({ enabled: false, recovery_codes_left: 0 });

    const confirmed = await call(token, 'POST', '/confirm', { code: codeOf(body.secret) });
    expect(confirmed.status).toBe(200);
    expect(new Set(confirmed.body.recovery_codes).size).toBe(10);
    expect((await call(token, 'GET', '')).body).toEqual({ enabled: true, recovery_codes_left: 10 });
    expect((await loginWith(user)).body.requires_2fa).toBe(true);
    expect(await userEvents(app, 'user.two_factor_enabled', user.id)).toHaveLength(1);
  });

  it('keeps the secret sealed, the codes hashed, and both out of the log', async () => {
    const { user, secret, codes } = await enrolled();
    const [row] = await app.sql('select * from users where id = $1', [user.id]);
    expect(row.totp_secret.length).toBeGreaterThan(40);
    const rows = await app.sql('select encode(hash, $2) as hash from recovery_codes where user_id = $1', [
      user.id,
      'escape',
    ]);
    expect(rows).toHaveLength(10);
    const events = await app.sql(
      'select e.*, p.data from audit_events e left join audit_personal p on p.event_id = e.id',
    );
    for (const told of [secret, ...codes]) {
      expect(JSON.stringify([row, rows, events])).not.toContain(told);
      expect(row.totp_secret.toString('latin1')).not.toContain(told);
    }
  });

  it('takes the last secret that was asked for, and none once it is on', async () => {
    const user = await addUser(app, { role: 'customer' });
    const token = await tokenOf(app, user);
    const unbegun = await call(token, 'POST', '/confirm', { code: '123456' });
    expect([unbegun.status, unbegun.body.error]).toEqual([
      409,
      'Two-factor authentication has not been begun',
    ]);
    const first = (await call(token, 'POST', '/enroll', { password: RIGHT })).body.secret;
    const second = (await call(token, 'POST', '/enroll', { password: RIGHT })).body.secret;
    // Both secrets could have the same code by chance.
    while (isRight(second, codeOf(first))) step();
    expect((await call(token, 'POST', '/confirm', { code: codeOf(first) })).status).toBe(400);
    const code = codeOf(second);
    const answers = await Promise.all([1, 2, 3].map(() => call(token, 'POST', '/confirm', { code })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    const again = await call(token, 'POST', '/enroll', { password: RIGHT });
    expect([again.status, again.body.error]).toEqual([409, 'Two-factor authentication is already on']);
    expect(await app.sql('select 1 from recovery_codes where user_id = $1', [user.id])).toHaveLength(10);
  });

  it('takes the password, and is refused to who has none', async () => {
    const user = await addUser(app, { role: 'customer' });
    const token = await tokenOf(app, user);
    expect((await call(token, 'POST', '/enroll', { password: 'a guess' })).status).toBe(401);
    expect((await call(token, 'POST', '/enroll', {})).status).toBe(400);
    await app.sql('update users set password_hash = null where id = $1', [user.id]);
    const { status, body } = await call(token, 'POST', '/enroll', { password: RIGHT });
    expect([status, body.error]).toEqual([409, 'Two-factor authentication needs a password']);
    expect(await app.sql('select 1 from users where id = $1 and totp_secret is not null', [user.id])).toEqual(
      [],
    );
  });

  it('ends every other session once it is on', async () => {
    const user = await addUser(app, { role: 'customer' });
    const [token, other] = [await tokenOf(app, user), await tokenOf(app, user)];
    const { secret } = (await call(token, 'POST', '/enroll', { password: RIGHT })).body;
    expect((await call(other, 'GET', '')).status).toBe(200);
    await call(token, 'POST', '/confirm', { code: codeOf(secret) });
    expect((await call(other, 'GET', '')).status).toBe(401);
    expect((await call(token, 'GET', '')).status).toBe(200);
  });

  it('is for who is logged in', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/enroll'],
      ['POST', '/confirm'],
      ['POST', '/disable'],
      ['POST', '/recovery-codes'],
    ] as const) {
      const { status, body } = await call(app.adminKey, method, path);
      expect([status, body.error]).toEqual([401, 'Missing authorization']);
    }
  });
});

describe('a log-in with a second factor', () => {
  it('asks for the code, and begins no session without it', async () => {
    const { user, secret } = await enrolled();
    const sessions = () => app.sql('select id from sessions where user_id = $1', [user.id]);
    const before = await sessions();
    const { status, body } = await loginWith(user);
    expect([status, body]).toEqual([200, { requires_2fa: true, message: 'Two-factor code required' }]);
    expect(await sessions()).toEqual(before);
    const [event] = await userEvents(app, 'user.second_factor_wanted', user.id);
    const [personal] = await app.sql('select data from audit_personal where event_id = $1', [event.id]);
    expect(JSON.stringify(personal)).toContain('127.0.0.1');
    const answer = await loginWith(user, codeOf(secret));
    expect(answer.body).toEqual({
      token: expect.stringMatching(/^ms_/),
      user: { username: user.username, email: user.email, role: 'customer', status: 'active' },
      expires_in: 86_400,
    });
  });

  it('does not tell a wrong password from a right one without the code being wrong as well', async () => {
    const { user, secret } = await enrolled();
    const wrong = await login(app, user.username, 'a wrong one');
    const code = await loginWith(user, wrongCode(secret));
    expect(wrong.status).toBe(401);
    expect([code.status, code.body]).toEqual([wrong.status, wrong.body]);
    const [, event] = await userEvents(app, 'user.login_failed', user.id);
    expect(event.details).toEqual({ reason: 'wrong code', locked: false });
  });

  it('counts wrong codes like wrong passwords, and locks', async () => {
    const { user, secret } = await enrolled();
    for (let i = 0; i < 10; i++) expect((await loginWith(user, wrongCode(secret))).status).toBe(401);
    expect((await loginWith(user, codeOf(secret))).status).toBe(401);
    expect((await loginWith(user)).status).toBe(401);
    app.clock.advance({ seconds: 900 });
    expect((await loginWith(user, codeOf(secret))).status).toBe(200);
  });

  it('takes a code once, also of several at the same moment', async () => {
    const { user, secret } = await enrolled();
    const code = codeOf(secret);
    const answers = await Promise.all([1, 2, 3, 4].map(() => loginWith(user, code)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401]);
    expect((await loginWith(user, code)).status).toBe(401);
    step();
    const next = codeOf(secret);
    expect((await loginWith(user, next)).status).toBe(200);
    step();
    // Older than one that was taken, though its time is not over.
    expect((await loginWith(user, code)).status).toBe(401);
  });

  it('does not forget failures for a code that was used before', async () => {
    const { user, secret } = await enrolled();
    const code = codeOf(secret);
    expect((await loginWith(user, code)).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await loginWith(user, code)).status).toBe(401);
    step();
    expect((await loginWith(user, codeOf(secret))).status).toBe(401);
  });

  it('takes a recovery code in its place, however it is typed, once', async () => {
    const { user, token, codes } = await enrolled();
    const [first = '', second = ''] = codes;
    const typed = first.toLowerCase().replace('-', ' ');
    const answers = await Promise.all([1, 2, 3].map(() => loginWith(user, typed)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401]);
    expect((await call(token, 'GET', '')).body.recovery_codes_left).toBe(9);
    const other = await enrolled();
    expect((await loginWith(other.user, second)).status).toBe(401);
    expect((await loginWith(user, second)).status).toBe(200);
  });
});

describe('a log-in that is refused at the last moment', () => {
  it('uses no recovery code up', async () => {
    const { user, codes } = await enrolled();
    let refused: Promise<{ status: number }> | undefined;
    await app.dataSource.transaction(async (manager) => {
      await manager.query('select 1 from users where id = $1 for update', [user.id]);
      refused = loginWith(user, codes[0]);
      // It has verified the password once it waits for the user.
      await untilLockWaits(app);
      await manager.query(`update users set password_hash = 'another' where id = $1`, [user.id]);
    });
    expect((await refused)?.status).toBe(401);
    expect(await app.sql('select 1 from recovery_codes where user_id = $1', [user.id])).toHaveLength(10);
  });
});

describe('the second factor', () => {
  it('is turned off with password and code, not with a session alone', async () => {
    const { user, token, secret } = await enrolled();
    const disable = (password: string, code: string) => call(token, 'POST', '/disable', { password, code });
    expect((await disable('a wrong one', codeOf(secret))).status).toBe(401);
    expect((await disable(RIGHT, wrongCode(secret))).status).toBe(401);
    expect((await loginWith(user)).body.requires_2fa).toBe(true);
    const { status, body } = await disable(RIGHT, codeOf(secret));
    expect([status, body]).toEqual([200, { message: 'Two-factor authentication is off' }]);
    expect((await loginWith(user)).body.token).toMatch(/^ms_/);
    expect(await app.sql('select 1 from recovery_codes where user_id = $1', [user.id])).toEqual([]);
    expect((await disable(RIGHT, codeOf(secret))).status).toBe(409);
    expect(await userEvents(app, 'user.two_factor_disabled', user.id)).toHaveLength(1);
  });

  it('is locked for who guesses at the password with a stolen session, and the door is not', async () => {
    const { user, token, secret } = await enrolled();
    for (let i = 0; i < 10; i++) {
      await call(token, 'POST', '/disable', { password: `guess ${i}`, code: wrongCode(secret) });
    }
    expect((await call(token, 'POST', '/disable', { password: RIGHT, code: codeOf(secret) })).status).toBe(
      401,
    );
    expect((await loginWith(user)).body.requires_2fa).toBe(true);
  });

  it('has new recovery codes on request, which void the old', async () => {
    const { user, token, secret, codes } = await enrolled();
    const [old = '', spare = ''] = codes;
    const renewed = await call(token, 'POST', '/recovery-codes', { password: RIGHT, code: spare });
    expect(renewed.status).toBe(200);
    expect(renewed.body.recovery_codes).toHaveLength(10);
    expect((await loginWith(user, old)).status).toBe(401);
    expect((await loginWith(user, renewed.body.recovery_codes[0])).status).toBe(200);
    expect(
      (await call(token, 'POST', '/recovery-codes', { password: RIGHT, code: wrongCode(secret) })).status,
    ).toBe(401);
    expect(
      (await call(token, 'POST', '/recovery-codes', { password: RIGHT, code: codeOf(secret) })).status,
    ).toBe(200);
  });

  it('is reset by an admin for who has lost it all', async () => {
    const { user, token } = await enrolled();
    const before = await app.must('GET', `/users/${user.id}`);
    expect(before.two_factor_enabled).toBe(true);
    const after = await app.must('DELETE', `/users/${user.id}/two-factor`);
    expect(after.two_factor_enabled).toBe(false);
    expect((await call(token, 'GET', '')).status).toBe(401);
    expect((await loginWith(user)).body.token).toMatch(/^ms_/);
    await app.must('DELETE', `/users/${user.id}/two-factor`);
    expect(await userEvents(app, 'user.two_factor_reset', user.id)).toHaveLength(1);
  });
});
