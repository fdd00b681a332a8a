import { startApp, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';

const ORIGIN = 'https://licenses.example.test';

let app: TestApp;
let plain: TestApp;
beforeAll(async () => {
  [app, plain] = await Promise.all([
    startApp(),
    startApp({ settings: { PUBLIC_URL: 'http://licenses.example.test' } }),
  ]);
});
afterAll(() => Promise.all([app.stop(), plain.stop()]));

const cookieOf = (token: string) => ({ cookie: `theme=dark; __Host-mooring_session=${token}; a=b` });

const sessionOf = async (role: string) => tokenOf(app, await addUser(app, { role }));

const makeKey = (headers: Record<string, string>) =>
  app.request('POST', '/api/v1/admin/api-keys', { body: { name: 'x', permissions: ['read'] }, headers });

describe('the cookie of a session', () => {
  it('opens what the token opens, on both planes', async () => {
    const cookie = cookieOf(await sessionOf('admin'));
    expect((await app.request('GET', '/api/v1/auth/me', { headers: cookie })).status).toBe(200);
    expect((await app.request('GET', '/api/v1/admin/products', { headers: cookie })).status).toBe(200);
    expect((await makeKey({ ...cookie, origin: ORIGIN })).status).toBe(201);
  });

  it('opens no more than the token does', async () => {
    const attempts: [string, Record<string, string>, number][] = [
      ['/auth/me', cookieOf(`ms_${'0'.repeat(48)}`), 401],
      ['/auth/me', cookieOf(app.adminKey), 401],
      ['/auth/me', { cookie: `mooring_session=${await sessionOf('admin')}` }, 401],
      ['/admin/products', cookieOf(app.adminKey), 401],
      ['/admin/products', cookieOf(await sessionOf('customer')), 401],
      ['/admin/products', cookieOf(''), 401],
      ['/admin/products', cookieOf(await sessionOf('support')), 200],
    ];
    for (const [path, headers, status] of attempts) {
      expect([path, (await app.request('GET', `/api/v1${path}`, { headers })).status]).toEqual([
        path,
        status,
      ]);
    }
  });

  it('is not looked at beside another credential', async () => {
    const cookie = cookieOf(await sessionOf('admin'));
    for (const headers of [{ 'x-admin-key': 'mk_none' }, bearer('ms_none'), { authorization: 'Basic x' }]) {
      const answer = await app.request('GET', '/api/v1/admin/products', {
        headers: { ...cookie, ...headers },
      });
      expect(answer.status).toBe(401);
    }
  });

  it.each([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: ORIGIN }, true],
    [{ origin: ORIGIN }, true],
    [{}, false],
    [{ 'sec-fetch-site': 'cross-site', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'http://licenses.example.test' }, false],
    [{ origin: 'https://licenses.example.test.evil.example' }, false],
    [{ origin: 'https://evil.example' }, false],
    [{ referer: `${ORIGIN}/` }, false],
  ] as const)('changes something for a request with %j: %s', async (headers, isAllowed) => {
    const cookie = cookieOf(await sessionOf('admin'));
    const [{ n: before }] = await app.sql('select count(*)::int as n from api_keys');
    const admin = await makeKey({ ...cookie, ...(headers as Record<string, string>) });
    const logout = await app.request('POST', '/api/v1/auth/logout', {
      headers: { ...cookie, ...(headers as Record<string, string>) },
    });
    expect([admin.status, logout.status]).toEqual(isAllowed ? [201, 200] : [403, 403]);
    const [{ n: after }] = await app.sql('select count(*)::int as n from api_keys');
    expect(after - before).toBe(isAllowed ? 1 : 0);
    if (isAllowed) return;
    expect(admin.body).toEqual({
      success: false,
      code: 'FORBIDDEN',
      error: 'The request came from another site',
    });
    expect((await app.request('GET', '/api/v1/auth/me', { headers: cookie })).status).toBe(200);
  });

  it('changes something at the address that the browser itself went to', async () => {
    const host = new URL(app.url).host;
    const cookie = cookieOf(await sessionOf('admin'));
    expect((await makeKey({ ...cookie, origin: `http://${host}` })).status).toBe(201);
    expect((await makeKey({ ...cookie, origin: `https://${host}` })).status).toBe(403);
  });

  it('is taken away by the log-out', async () => {
    const cookie = cookieOf(await sessionOf('admin'));
    const { status, headers } = await app.request('POST', '/api/v1/auth/logout', {
      headers: { ...cookie, origin: ORIGIN },
    });
    expect(status).toBe(200);
    expect(headers.get('set-cookie')).toMatch(/^__Host-mooring_session=; Max-Age=0; Path=\//);
  });

  it('asks for nothing of who sends the token itself', async () => {
    expect((await makeKey(bearer(await sessionOf('admin')))).status).toBe(201);
  });

  it('is not Secure where the service is not', async () => {
    const user = await addUser(plain, { role: 'customer' });
    const { body } = await plain.request('POST', '/api/v1/auth/sso/mint', {
      body: { username: user.username },
      headers: { 'x-admin-key': plain.adminKey },
    });
    const { headers } = await plain.request('GET', `/sso/consume/${body.nonce}`);
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^mooring_session=ms_[0-9a-f]{48}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const me = await plain.request('GET', '/api/v1/auth/me', {
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(me.status).toBe(200);
  });
});
