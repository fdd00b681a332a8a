import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, login, tokenOf, userEvents } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const me = (token: string) => app.request('GET', '/api/v1/auth/me', { headers: bearer(token) });

describe('a session', () => {
  it('tells who one is', async () => {
    const user = await addUser(app, { role: 'customer' });
    const { status, body } = await me(await tokenOf(app, user));
    expect(status).toBe(200);
    expect(body).toEqual({ username: user.username, email: user.email, role: 'customer', status: 'active' });
  });

  it('ends with the log-out, once', async () => {
    const user = await addUser(app);
    const [token, other] = [await tokenOf(app, user), await tokenOf(app, user)];
    const logout = () => app.request('POST', '/api/v1/auth/logout', { headers: bearer(token) });
    const { status, body } = await logout();
    expect([status, body]).toEqual([200, { message: 'Logged out successfully' }]);
    expect((await logout()).status).toBe(401);
    expect((await me(token)).status).toBe(401);
    expect((await me(other)).status).toBe(200);
    expect(await userEvents(app, 'user.logged_out', user.id)).toHaveLength(1);
  });

  it('ends after 24 hours, and is forgotten at somebody’s next log-in', async () => {
    const user = await addUser(app);
    const token = await tokenOf(app, user);
    // However much it is used.
    for (let hour = 0; hour < 23; hour++) {
      app.clock.advance({ hours: 1 });
      expect((await me(token)).status).toBe(200);
    }
    app.clock.advance({ seconds: 3_599 });
    expect((await me(token)).status).toBe(200);
    app.clock.advance({ seconds: 1 });
    expect((await me(token)).status).toBe(401);
    const sessions = () => app.sql('select 1 from sessions where user_id = $1', [user.id]);
    expect(await sessions()).toHaveLength(1);
    await login(app, 'admin', app.password);
    expect(await sessions()).toHaveLength(0);
  });

  it('ends with the suspension of its user', async () => {
    const user = await addUser(app);
    const token = await tokenOf(app, user);
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
