import { randomBytes } from 'node:crypto';
import { hardwareId, panelBody, startApp, type RequestOptions, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({
    settings: {
      // Every test comes from an address of its own.
      TRUST_PROXY: '127.0.0.1',
      LIMIT_AUTH_PER_MINUTE: '20',
      LIMIT_ADMIN_PER_MINUTE: '60',
      LIMIT_SESSION_PER_MINUTE: '600',
      LIMIT_LICENSE_PER_MINUTE: '60',
      LIMIT_ADDRESS_PER_MINUTE: '600',
      LIMIT_UNKNOWN_KEYS_PER_MINUTE: '10',
    },
  });
});
afterAll(() => app.stop());

const freshAddress = (): string => `10.${[...randomBytes(3)].join('.')}`;

const send = (address: string, method: string, path: string, options: RequestOptions = {}) =>
  app.request(method, `/api/v1${path}`, {
    ...options,
    headers: { 'x-forwarded-for': address, ...options.headers },
  });

const as = (key: string, path = '/admin/api-keys') =>
  send(freshAddress(), 'GET', path, { headers: { 'x-admin-key': key } });

const validate = (address: string, key: string, hardware: string) =>
  send(address, 'POST', '/license/validate', { body: panelBody(key, hardware) });

async function statuses(times: number, request: () => Promise<{ status: number }>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await request()).status);
  return seen;
}

const repeat = (times: number, status: number): number[] => Array.from({ length: times }, () => status);

/** Seconds until `X-RateLimit-Reset`, by the clock of the service. */
const secondsToReset = (headers: Headers): number =>
  Number(headers.get('x-ratelimit-reset')) - app.clock.now().getTime() / 1_000;

/** Whole seconds that a minute which began then has left at least. */
const leastLeft = (began: number): number => Math.floor(60 - (performance.now() - began) / 1_000);

const malformed: RequestOptions = { raw: '{', headers: { 'content-type': 'application/json' } };

describe('the auth paths', () => {
  it('answer 20 requests a minute and address, and the next as written', async () => {
    const address = freshAddress();
    const body = { username: 'nobody', password: 'nothing of the kind' };
    const began = performance.now();
    expect(await statuses(17, () => send(address, 'POST', '/auth/login', { body }))).toEqual(repeat(17, 401));
    const others = [
      await send(address, 'GET', '/auth/me'),
      await send(address, 'GET', '/auth/nothing/%zz'),
      await send(address, 'POST', '/auth/login', malformed),
    ];
    expect(others.map(({ status }) => status)).toEqual([401, 404, 400]);
    for (const { headers } of others) {
      expect(headers.get('x-ratelimit-limit')).toBe('20');
      expect(headers.get('x-ratelimit-window')).toBe('60');
    }
    const { status, headers, body: refusal } = await send(address, 'POST', '/auth/login', { body });
    expect(status).toBe(429);
    expect(refusal).toEqual({
      success: false,
      code: 'RATE_LIMITED',
      error: 'Too many requests',
      message: 'Too many requests',
      status: 429,
    });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-ratelimit-limit': '20',
      'x-ratelimit-window': '60',
      'x-ratelimit-remaining': '0',
      'retry-after': '60',
    });
    expect(secondsToReset(headers)).toBeGreaterThanOrEqual(leastLeft(began));
    expect(secondsToReset(headers)).toBeLessThanOrEqual(61);
    expect((await send(freshAddress(), 'POST', '/auth/login', { body })).status).toBe(401);
  });
});

describe('the admin plane', () => {
  it('counts by key, or as the key has it', async () => {
    const grant = { name: 'Limited', permissions: ['all'] };
    const { key } = await app.must('POST', '/api-keys', grant);
    const began = performance.now();
    const first = await as(key);
    expect(first.headers.get('x-ratelimit-limit')).toBe('60');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('59');
    expect(secondsToReset(first.headers)).toBeGreaterThanOrEqual(leastLeft(began));
    expect(await statuses(60, () => as(key))).toEqual([...repeat(59, 200), 429]);

    const own = await app.must('POST', '/api-keys', { ...grant, rate_limit: 2 });
    expect(await statuses(2, () => as(own.key, '/admin/nothing'))).toEqual([404, 404]);
    const refused = await as(own.key);
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({ success: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    expect(refused.headers.get('x-ratelimit-limit')).toBe('2');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(leastLeft(began));
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('counts by address without a good credential, before a body is read', async () => {
    const address = freshAddress();
    const refused = await send(address, 'POST', '/admin/api-keys', malformed);
    expect(refused.status).toBe(401);
    expect(refused.body.error).toBe('Invalid or missing API key');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('59');
    expect(await statuses(60, () => send(address, 'GET', '/admin/api-keys'))).toEqual([
      ...repeat(59, 401),
      429,
    ]);
    expect((await as(app.adminKey)).status).toBe(200);
  });
});

describe('the license plane', () => {
  it('answers 60 calls a minute with one key and hardware, from wherever they come', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const [hardware, other] = [hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, hardware));
    await app.panel('activate', panelBody(key, other));
    const began = performance.now();
    expect(await statuses(59, () => validate(freshAddress(), key, hardware))).toEqual(repeat(59, 200));
    const refused = await send(freshAddress(), 'POST', '/license/deactivate', {
      body: panelBody(` ${key.toLowerCase()} `, hardware.toUpperCase()),
    });
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({ valid: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(leastLeft(began));
    expect((await validate(freshAddress(), key, other)).status).toBe(200);
    const seats = await app.sql(
      'select hardware_id from activations where license_id = $1 and released_at is null',
      [license.id],
    );
    expect(seats.map((seat) => seat.hardware_id).sort()).toEqual([hardware, other].sort());
  });

  it('answers 600 requests a minute from one address, whatever they ask', async () => {
    const address = freshAddress();
    const first = [
      await send(address, 'GET', '/license/nothing'),
      await send(address, 'POST', '/download/nothing'),
      await send(address, 'POST', '/license/activate', malformed),
    ];
    expect(first.map(({ status }) => status)).toEqual([404, 404, 400]);
    expect(await statuses(598, () => send(address, 'GET', '/license/keys'))).toEqual([
      ...repeat(597, 200),
      429,
    ]);
    const download = await send(address, 'GET', '/download/file/token');
    expect(download.status).toBe(429);
    expect(download.body).toEqual({ error: 'Too many requests' });
    expect(Number(download.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers ten unknown keys a minute and address, and then nobody there without a seat', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const [address, hardware] = [freshAddress(), hardwareId()];
    await app.panel('activate', panelBody(key, hardware));
    const began = performance.now();
    const guess = () => validate(address, `FOREIGN-${hardwareId()}`, hardwareId());
    expect(await statuses(10, guess)).toEqual(repeat(10, 401));
    const refused = await guess();
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({ valid: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(leastLeft(began));

    const activate = (from: string, machine: string) =>
      send(from, 'POST', '/license/activate', { body: panelBody(key, machine) });
    const machine = hardwareId();
    expect((await activate(address, machine)).status).toBe(429);
    const seats = await app.sql('select hardware_id from activations where license_id = $1', [license.id]);
    expect(seats).toEqual([{ hardware_id: hardware }]);
    expect((await validate(address, key, hardware)).status).toBe(200);
    expect((await activate(address, hardware)).status).toBe(200);
    expect((await activate(freshAddress(), machine)).status).toBe(201);
  });
});
