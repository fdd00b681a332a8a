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
    const [{ n }] = await app.sql(
      `select count(*)::int as n from (select locked_until from users union all select locked_until from failed_proofs) as locks
       where locked_until is not null`,
    );
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
    await app.sql(`update users set locked_until = 'infinity' where username = $1`, [username]);
    const { status, body } = await login('192.0.2.6', username, RIGHT);
    expect([status, body.error]).toEqual([401, 'Invalid credentials']);
  });
});

describe('guesses at an account', () => {
  let roomy: TestApp;
  beforeAll(async () => {
    roomy = await startApp({
      settings: {
        TRUST_PROXY: '127.0.0.1',
        LIMIT_FAILED_LOGINS_PER_HOUR: '1000',
        LIMIT_AUTH_PER_MINUTE: '1000',
        // More than the guesses that come at once: none has to wait for a connection.
        DATABASE_POOL_SIZE: '60',
      },
    });
  });
  afterAll(() => roomy.stop());

  const OWNER = '192.0.2.1';
  const post = (address: string, path: string, body: object, headers: Record<string, string> = {}) =>
    roomy.request('POST', `/api/v1/auth${path}`, {
      body,
      headers: { 'x-forwarded-for': address, ...headers },
    });
  const logIn = async (address: string, username: string, password = RIGHT) =>
    (await post(address, '/login', { username, password })).status;
  const guess = (address: string, username: string, times: number) =>
    Promise.all(Array.from({ length: times }, () => logIn(address, username, 'a guess')));
  const change = (address: string, token: string, old_password: string) =>
    post(
      address,
      '/password',
      { old_password, new_password: 'seven lazy otters reading maps' },
      bearer(token),
    );

  it('lock it for the network they come from and for no other', async () => {
    const { username } = await addUser(roomy);
    await guess('2001:db8:1:2::1', username, 10);
    expect(await logIn('2001:db8:1:2:3::4', username)).toBe(401);
    expect(await logIn('2001:db8:1:3::1', username)).toBe(200);
    expect(await logIn(OWNER, username)).toBe(200);
  });

  it('are forgotten after a quarter of an hour', async () => {
    const { username } = await addUser(roomy);
    await guess(OWNER, username, 9);
    roomy.clock.advance({ seconds: 900 });
    await guess(OWNER, username, 9);
    expect(await logIn(OWNER, username)).toBe(200);
  });

  it('lock it for everybody once there are a hundred, and stop nobody who is inside', async () => {
    const user = await addUser(roomy);
    const { token } = (await post(OWNER, '/login', { username: user.username, password: RIGHT })).body;
    for (let i = 0; i < 10; i++) await guess(`198.51.100.${i}`, user.username, 9);
    await guess('203.0.113.1', user.username, 9);
    expect(await logIn('203.0.113.9', user.username, 'a guess')).toBe(401);
    expect(await logIn(OWNER, user.username)).toBe(401);
    expect((await change(OWNER, token, RIGHT)).status).toBe(200);
    roomy.clock.advance({ seconds: 900 });
    expect(await logIn(OWNER, user.username, 'seven lazy otters reading maps')).toBe(200);
  });

  it('are counted apart inside a session, and locked out there alone', async () => {
    const { username } = await addUser(roomy);
    const { token } = (await post(OWNER, '/login', { username, password: RIGHT })).body;
    await guess(OWNER, username, 10);
    expect(await logIn(OWNER, username)).toBe(401);
    await Promise.all(Array.from({ length: 10 }, () => change(OWNER, token, 'a guess')));
    expect((await change(OWNER, token, RIGHT)).status).toBe(401);
    expect((await change('192.0.2.2', token, RIGHT)).status).toBe(200);
    const [{ n }] = await roomy.sql('select failed_logins as n from users where username = $1', [username]);
    expect(n).toBe(10);
  });

  it('that come all at once do not slip past, nor does a right one among them', async () => {
    const { username } = await addUser(roomy);
    const { token } = (await post(OWNER, '/login', { username, password: RIGHT })).body;
    const tries = Array.from({ length: 40 }, (_, i) => change(OWNER, token, i === 39 ? RIGHT : 'a guess'));
    expect((await Promise.all(tries)).map(({ status }) => status)).toEqual(Array(40).fill(401));
  });
});
