import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, login, RIGHT, tokenOf, userEvents } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const STRONG = 'seven lazy otters reading maps';

const call = (token: string, method: string, path: string, body?: unknown) =>
  app.request(method, `/api/v1/auth${path}`, { body, headers: bearer(token) });

const me = (token: string) => call(token, 'GET', '/me');

const change = (token: string, old_password: string, new_password: string) =>
  call(token, 'POST', '/password', { old_password, new_password });

describe('a session', () => {
  it('ends when nobody uses it for two hours', async () => {
    const token = await tokenOf(app, await addUser(app));
    app.clock.advance({ seconds: 7_199 });
    expect((await me(token)).status).toBe(200);
    app.clock.advance({ seconds: 7_199 });
    expect((await me(token)).status).toBe(200);
    app.clock.advance({ seconds: 7_200 });
    expect((await me(token)).status).toBe(401);
  });

  it('ends so on the admin plane as well, where it is used as well', async () => {
    const token = await tokenOf(app, await addUser(app));
    const list = () => app.request('GET', '/api/v1/admin/products', { headers: bearer(token) });
    app.clock.advance({ hours: 1.5 });
    expect((await list()).status).toBe(200);
    app.clock.advance({ hours: 1.5 });
    expect((await me(token)).status).toBe(200);
    app.clock.advance({ hours: 2 });
    expect((await list()).status).toBe(401);
  });

  it('has its use noted at most once a minute', async () => {
    const user = await addUser(app);
    const token = await tokenOf(app, user);
    const row = async () => {
      await me(token);
      return (await app.sql('select last_seen_at, xmin from sessions where user_id = $1', [user.id]))[0];
    };
    const first = await row();
    app.clock.advance({ seconds: 59 });
    expect(await row()).toEqual(first);
    app.clock.advance({ seconds: 1 });
    expect((await row()).last_seen_at).toEqual(app.clock.now());
  });

  it('is listed among those of its user, and ended from another', async () => {
    const user = await addUser(app, { role: 'customer' });
    const [one, other] = [await tokenOf(app, user), await tokenOf(app, user)];
    await tokenOf(app, await addUser(app));
    const { status, body } = await call(one, 'GET', '/sessions');
    expect(status).toBe(200);
    expect(body.sessions).toHaveLength(2);
    const [current, elsewhere] = [true, false].map((is) =>
      body.sessions.find((each: any) => each.current === is),
    );
    expect(current).toEqual({
      id: expect.any(String),
      current: true,
      origin: 'password',
      address: '127.0.0.1',
      user_agent: 'node',
      created_at: app.clock.now().toISOString(),
      last_seen_at: app.clock.now().toISOString(),
      expires_at: new Date(app.clock.now().getTime() + 86_400_000).toISOString(),
    });
    const ended = await call(one, 'DELETE', `/sessions/${elsewhere.id}`);
    expect([ended.status, ended.body]).toEqual([200, { message: 'Session ended' }]);
    expect([(await me(one)).status, (await me(other)).status]).toEqual([200, 401]);
    expect((await call(one, 'DELETE', `/sessions/${elsewhere.id}`)).status).toBe(404);
    expect(await userEvents(app, 'user.session_revoked', user.id)).toHaveLength(1);
  });

  it('of somebody else is a 404, and stays', async () => {
    const token = await tokenOf(app, await addUser(app, { role: 'customer' }));
    const user = await addUser(app);
    const other = await tokenOf(app, user);
    const [{ id }] = await app.sql('select id from sessions where user_id = $1', [user.id]);
    for (const name of [id, 'x', '%00']) {
      const { status, body } = await call(token, 'DELETE', `/sessions/${name}`);
      expect([status, body.error]).toEqual([404, 'Session not found']);
    }
    expect((await me(other)).status).toBe(200);
  });

  it('that is over is not listed', async () => {
    const user = await addUser(app);
    await tokenOf(app, user);
    app.clock.advance({ hours: 2 });
    const { body } = await call(await tokenOf(app, user), 'GET', '/sessions');
    expect(body.sessions).toHaveLength(1);
  });
});

describe('one’s own password', () => {
  it('is changed with the old one, and ends every other session', async () => {
    const user = await addUser(app, { role: 'customer' });
    const [token, other] = [await tokenOf(app, user), await tokenOf(app, user)];
    const { status, body } = await change(token, RIGHT, STRONG);
    expect([status, body]).toEqual([200, { message: 'Password changed' }]);
    expect([(await me(token)).status, (await me(other)).status]).toEqual([200, 401]);
    expect((await login(app, user.username, RIGHT)).status).toBe(401);
    expect((await login(app, user.username, STRONG)).status).toBe(200);
    const [event] = await userEvents(app, 'user.password_changed', user.id);
    expect(event.actor_id).toBe(user.id);
  });

  it.each([
    ['short', 'The new password field must be at least 12 characters.'],
    ['password1234', 'The new password field is too easy to guess.'],
  ])('is not changed to %j', async (password, error) => {
    const user = await addUser(app);
    const answer = await change(await tokenOf(app, user), RIGHT, password);
    expect([answer.status, answer.body.error]).toEqual([400, error]);
    expect((await login(app, user.username, RIGHT)).status).toBe(200);
  });

  it('is guarded against who guesses at it with a stolen session', async () => {
    const user = await addUser(app);
    const token = await tokenOf(app, user);
    for (let i = 0; i < 10; i++) {
      const { status, body } = await change(token, `guess ${i}`, STRONG);
      expect([status, body.error]).toEqual([401, 'Invalid credentials']);
    }
    expect((await change(token, RIGHT, STRONG)).status).toBe(401);
    app.clock.advance({ seconds: 900 });
    expect((await change(token, RIGHT, STRONG)).status).toBe(200);
  });

  it('is changed once by two who know the old one', async () => {
    const user = await addUser(app);
    const token = await tokenOf(app, user);
    const answers = await Promise.all([change(token, RIGHT, STRONG), change(token, RIGHT, `${STRONG}!`)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  });
});
