import { startApp, type RequestOptions, type TestApp } from '../setup/app.js';
import { addUser, bearer, RIGHT } from '../setup/people.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1', LIMIT_FAILED_LOGINS_PER_HOUR: '6' } });
});
afterAll(() => app.stop());

const send = (address: string, path: string, options: RequestOptions = {}) =>
  app.request('POST', `/api/v1/auth${path}`, {
    ...options,
    headers: { 'x-forwarded-for': address, ...options.headers },
  });

const login = (address: string, username: string, password: string) =>
  send(address, '/login', { body: { username, password } });

describe('an address that fails too often', () => {
  it('is no longer answered, whichever accounts it tries, and locks none of them', async () => {
    const users = [await addUser(app), await addUser(app), await addUser(app)];
    const guesser = '192.0.2.1';
    for (let i = 0; i < 6; i++) {
      const name = i < 3 ? (users[i]?.username ?? '') : `nobody-${i}`;
      expect((await login(guesser, name, 'a guess')).status).toBe(401);
    }
    const refused = await login(guesser, users[0]?.username ?? '', RIGHT);
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    const { headers } = refused;
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect(headers.get('retry-after')).toBe('60');
    const untilReset = Number(headers.get('x-ratelimit-reset')) - app.clock.now().getTime() / 1_000;
    expect(untilReset).toBeGreaterThan(3_000);
    expect(untilReset).toBeLessThanOrEqual(3_601);
    // The same to nobody: it tells nothing of who exists.
    expect((await login(guesser, 'nobody', RIGHT)).status).toBe(429);
    for (const { username } of users) expect((await login('192.0.2.2', username, RIGHT)).status).toBe(200);
    const [{ n }] = await app.sql('select count(*)::int as n from users where locked_until is not null');
    expect(n).toBe(0);
  });

  it('is counted for the old password as well', async () => {
    const { username } = await addUser(app);
    const { token } = (await login('192.0.2.3', username, RIGHT)).body;
    const change = () =>
      send('192.0.2.4', '/password', {
        body: { old_password: 'a guess', new_password: 'seven lazy otters reading maps' },
        headers: bearer(token),
      });
    for (let i = 0; i < 6; i++) expect((await change()).status).toBe(401);
    expect((await change()).status).toBe(429);
    expect((await login('192.0.2.4', username, RIGHT)).status).toBe(429);
  });

  it('is not counted for what goes well', async () => {
    const { username } = await addUser(app);
    for (let i = 0; i < 8; i++) expect((await login('192.0.2.5', username, RIGHT)).status).toBe(200);
  });

  it('is answered as ever for a locked account', async () => {
    const { username } = await addUser(app);
    for (let i = 0; i < 10; i++)
      expect((await login(`192.0.2.${100 + i}`, username, 'a guess')).status).toBe(401);
    const { status, body } = await login('192.0.2.6', username, RIGHT);
    expect([status, body.error]).toEqual([401, 'Invalid credentials']);
  });
});
