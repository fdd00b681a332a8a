import '@nestjs/common';
import '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest, InjectOptions } from 'fastify';
import { forbidden } from '../../src/http/errors.js';
import type { Principal } from '../../src/http/principal.js';
import type { LimitedAppOptions } from './limited-app.js';

// In a graph of its own, after Nest: see test/setup/nest-first.mjs.
const { limitedApp, repeat, send, statuses } = await import('./limited-app.js');

let app: NestFastifyApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});
async function start(options: LimitedAppOptions = {}) {
  app = await limitedApp(options);
  return app;
}

const from = (remoteAddress: string): InjectOptions => ({ remoteAddress });
const malformed: InjectOptions = { payload: '{', headers: { 'content-type': 'application/json' } };
const as = (key: string): InjectOptions => ({ headers: { 'x-admin-key': key } });
const nowSeconds = () => Date.now() / 1_000;

describe('the auth paths', () => {
  it('allow 20 requests a minute and say so on every answer', async () => {
    const service = await start();
    for (let i = 0; i < 20; i++) {
      const { statusCode, headers } = await send(service, 'GET', '/auth/me');
      expect(statusCode).toBe(200);
      expect(headers).toMatchObject({ 'x-ratelimit-limit': '20', 'x-ratelimit-window': '60' });
      expect(headers).not.toHaveProperty('x-ratelimit-remaining');
      expect(headers).not.toHaveProperty('retry-after');
    }
    const refused = await send(service, 'GET', '/auth/me');
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toEqual({
      success: false,
      code: 'RATE_LIMITED',
      error: 'Too many requests',
      message: 'Too many requests',
      status: 429,
    });
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit': '20',
      'x-ratelimit-window': '60',
      'x-ratelimit-remaining': '0',
      'retry-after': '60',
    });
    const reset = Number(refused.headers['x-ratelimit-reset']);
    expect(Number.isInteger(reset)).toBe(true);
    expect(reset - nowSeconds()).toBeGreaterThan(50);
    expect(reset - nowSeconds()).toBeLessThanOrEqual(61);
  });

  it.each([
    ['an unknown route', 'GET', '/auth/nothing', {}, 404],
    ['the bare segment', 'GET', '/auth', {}, 404],
    ['a wrong method', 'GET', '/auth/login', {}, 404],
    ['another case', 'GET', '/AUTH/me', {}, 404],
    ['an encoded letter', 'GET', '/%61uth/me', {}, 200],
    ['a path that cannot be decoded', 'GET', '/auth/%zz', {}, 404],
    ['both', 'GET', '/%61uth/%zz', {}, 404],
    ['a malformed body', 'POST', '/auth/login', malformed, 400],
  ] as const)('count %s', async (_what, method, path, options, status) => {
    const service = await start({ env: { LIMIT_AUTH_PER_MINUTE: '1' } });
    const first = await send(service, method, path, options);
    expect(first.statusCode).toBe(status);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-window': '60' });
    expect((await send(service, 'GET', '/auth/me')).statusCode).toBe(429);
  });

  it('count by address, an IPv6 one by its /64', async () => {
    const service = await start({ env: { LIMIT_AUTH_PER_MINUTE: '1' } });
    const seen: number[] = [];
    for (const address of ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.2', '2001:db8::1', '2001:db8::2']) {
      seen.push((await send(service, 'GET', '/auth/me', from(address))).statusCode);
    }
    expect(seen).toEqual([200, 200, 429, 200, 429]);
  });

  it('believe a forwarded address from a proxy that is trusted, and nobody else', async () => {
    const service = await start({ env: { LIMIT_AUTH_PER_MINUTE: '1' }, trustProxy: ['192.0.2.0/24'] });
    const forwarded = (by: string, address: string) =>
      send(service, 'GET', '/auth/me', { ...from(by), headers: { 'x-forwarded-for': address } });
    const seen = [
      await forwarded('192.0.2.1', '198.51.100.1'),
      await forwarded('192.0.2.1', '198.51.100.2'),
      await forwarded('192.0.2.2', '198.51.100.2'),
      await forwarded('203.0.113.1', '198.51.100.3'),
      await forwarded('203.0.113.1', '198.51.100.4'),
    ];
    expect(seen.map((answer) => answer.statusCode)).toEqual([200, 200, 429, 200, 429]);
  });
});

describe('the license and download planes', () => {
  it('count by address together, file requests, unknown routes and bad bodies included', async () => {
    const service = await start({ env: { LIMIT_ADDRESS_PER_MINUTE: '8' } });
    const seen = [
      await send(service, 'GET', '/license/keys'),
      await send(service, 'GET', '/license/nothing'),
      await send(service, 'GET', '/license/%zz'),
      await send(service, 'GET', '/%6Cicense/%zz'),
      await send(service, 'POST', '/license/activate', malformed),
      await send(service, 'GET', '/download/file/token'),
      await send(service, 'HEAD', '/download/file/token'),
      await send(service, 'POST', '/download/token', { payload: {} }),
    ];
    expect(seen.map((answer) => answer.statusCode)).toEqual([200, 404, 404, 404, 400, 200, 200, 201]);
    const license = await send(service, 'GET', '/license/keys');
    expect(license.statusCode).toBe(429);
    expect(license.json()).toEqual({ valid: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    const download = await send(service, 'GET', '/download/file/token');
    expect(download.statusCode).toBe(429);
    expect(download.json()).toEqual({ error: 'Too many requests' });
    for (const { headers } of [license, download]) {
      expect(Number(headers['retry-after'])).toBeGreaterThan(50);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    expect((await send(service, 'GET', '/license/keys', from('192.0.2.1'))).statusCode).toBe(200);
  });

  it.each(['/license/keys', '/download/file/token', '/license/nothing', '/download/%zz'])(
    'say on every answer how the address stands: %s',
    async (path) => {
      const service = await start({ env: { LIMIT_ADDRESS_PER_MINUTE: '1' } });
      for (let i = 0; i < 2; i++) {
        const { headers } = await send(service, 'GET', path);
        expect(headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
        expect(Number(headers['x-ratelimit-reset']) - nowSeconds()).toBeGreaterThan(50);
      }
    },
  );

  it('allow 600 a minute by default', async () => {
    const service = await start();
    expect(await statuses(601, () => send(service, 'GET', '/license/keys'))).toEqual([
      ...repeat(600, 200),
      429,
    ]);
  });
});

it('limits nothing else', async () => {
  const service = await start({
    env: { LIMIT_AUTH_PER_MINUTE: '1', LIMIT_ADDRESS_PER_MINUTE: '1', LIMIT_ADMIN_PER_MINUTE: '1' },
  });
  for (const path of ['/health/live', '/authentic', '/administrator', '/licenses/1', '/']) {
    const answers = [await send(service, 'GET', path), await send(service, 'GET', path)];
    expect(answers.map((answer) => answer.statusCode)).not.toContain(429);
    expect(answers[1]?.headers).not.toHaveProperty('x-ratelimit-limit');
  }
});

describe('the admin plane', () => {
  const principals: Record<string, Principal> = {
    one: { type: 'api_key', id: 'key-1', permissions: ['all'], requestsPerMinute: null },
    two: { type: 'api_key', id: 'key-2', permissions: ['all'], requestsPerMinute: null },
    own: { type: 'api_key', id: 'key-3', permissions: ['all'], requestsPerMinute: 2 },
    session: { type: 'user', id: 'user-1', permissions: ['all'], requestsPerMinute: null },
  };
  const authenticate = (request: FastifyRequest) =>
    Promise.resolve(principals[String(request.headers['x-admin-key'])] ?? null);

  it('counts by key, with its headers on every answer, and hands the principal on', async () => {
    const service = await start({ authenticate, env: { LIMIT_ADMIN_PER_MINUTE: '2' } });
    const first = await send(service, 'GET', '/admin/products', as('one'));
    expect(first.json()).toEqual({ id: 'key-1' });
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    const second = await send(service, 'GET', '/admin/nothing', as('one'));
    expect(second.statusCode).toBe(404);
    expect(second.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
    const before = nowSeconds();
    const refused = await send(service, 'POST', '/admin/products', { ...as('one'), ...from('192.0.2.1') });
    const after = nowSeconds();
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toEqual({ success: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    expect(refused.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0' });
    const reset = Number(refused.headers['x-ratelimit-reset']);
    // The end of one window, but what is left of it and the time are not read in the same moment.
    expect(Math.abs(reset - Number(first.headers['x-ratelimit-reset']))).toBeLessThanOrEqual(1);
    const refusedAt = reset - Number(refused.headers['retry-after']);
    expect(refusedAt).toBeGreaterThan(before - 1);
    expect(refusedAt).toBeLessThan(after + 1);
    expect((await send(service, 'GET', '/admin/products', as('two'))).statusCode).toBe(200);
  });

  it.each([
    ['60 of a key', 'one', 60],
    ['the own limit of a key', 'own', 2],
    ['600 of a session', 'session', 600],
    ['60 of an address without a good credential', 'unknown', 60],
  ])('allows %s', async (_what, key, limit) => {
    const service = await start({ authenticate });
    const status = key === 'unknown' ? 401 : 200;
    expect(await statuses(limit + 1, () => send(service, 'GET', '/admin/products', as(key)))).toEqual([
      ...repeat(limit, status),
      429,
    ]);
  });

  it('refuses without a good credential before it reads a body', async () => {
    const service = await start({ authenticate });
    const refused = await send(service, 'POST', '/admin/products', malformed);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toEqual({
      success: false,
      error: 'Invalid or missing API key',
      code: 'UNAUTHORIZED',
    });
    expect(refused.headers).toMatchObject({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '59' });
  });

  it.each([
    ['an unknown route', '/admin/nothing'],
    ['a path that cannot be decoded', '/admin/%zz'],
    ['another case', '/Admin/products'],
  ])('answers 404 for %s with and without a credential, and counts it', async (_what, path) => {
    const service = await start({ authenticate, env: { LIMIT_ADMIN_PER_MINUTE: '1' } });
    expect(await statuses(2, () => send(service, 'GET', path))).toEqual([404, 429]);
    expect(await statuses(2, () => send(service, 'GET', path, as('one')))).toEqual([404, 429]);
  });

  it('does not make a good key pay for bad ones behind the same address', async () => {
    const service = await start({ authenticate, env: { LIMIT_ADMIN_PER_MINUTE: '1' } });
    expect(await statuses(2, () => send(service, 'GET', '/admin/products'))).toEqual([401, 429]);
    expect((await send(service, 'GET', '/admin/products', as('one'))).statusCode).toBe(200);
  });

  it('counts by address, and says so, when the credential cannot be told', async () => {
    const refusals = [forbidden('Not from this address'), new Error('connect ECONNREFUSED')];
    Object.assign(refusals[1] ?? {}, { code: 'ECONNREFUSED' });
    const service = await start({
      authenticate: () => Promise.reject(refusals.shift() ?? new Error('too many calls')),
      env: { LIMIT_ADMIN_PER_MINUTE: '2' },
    });
    const answers = [
      await send(service, 'GET', '/admin/products'),
      await send(service, 'GET', '/admin/products'),
      await send(service, 'GET', '/admin/products'),
    ];
    expect(answers.map((answer) => answer.statusCode)).toEqual([403, 503, 429]);
    expect(answers.map((answer) => answer.headers['x-ratelimit-remaining'])).toEqual(['1', '0', '0']);
  });
});
