import '@nestjs/common';
import '@nestjs/core';
import { createHash } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

// In a graph of its own, after Nest: see test/setup/nest-first.mjs.
const { limitedApp, repeat, send, statuses } = await import('./limited-app.js');

const KEY = 'MOOR-7K2M-9QXT-4B8D-1HJC-5RNW';
const HARDWARE = createHash('sha256').update('machine').digest('hex');

let app: NestFastifyApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});
async function start(limit?: number) {
  app = await limitedApp({ env: limit === undefined ? {} : { LIMIT_LICENSE_PER_MINUTE: String(limit) } });
  return app;
}

const call = (service: NestFastifyApplication, path: string, payload: object) =>
  send(service, 'POST', path, { payload });

describe('calls with a license key and hardware', () => {
  it('are limited to 60 a minute', async () => {
    const service = await start();
    const body = { license_key: KEY, hardware_id: HARDWARE };
    expect(await statuses(61, () => call(service, '/license/validate', body))).toEqual([
      ...repeat(60, 201),
      429,
    ]);
  });

  it('share one count over all calls of both planes, and each plane answers in its envelope', async () => {
    const service = await start(2);
    const body = { license_key: KEY, hardware_id: HARDWARE };
    await call(service, '/license/activate', body);
    await call(service, '/download/token', body);
    const license = await call(service, '/license/validate', body);
    expect(license.statusCode).toBe(429);
    expect(license.json()).toEqual({ valid: false, error: 'Too many requests', code: 'RATE_LIMITED' });
    expect(Number(license.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(license.headers['retry-after'])).toBeLessThanOrEqual(60);
    const download = await call(service, '/download/token', body);
    expect(download.statusCode).toBe(429);
    expect(download.json()).toEqual({ error: 'Too many requests' });
    expect(download.headers).toHaveProperty('retry-after');
  });

  it.each([
    ['a key in lower case', KEY.toLowerCase(), HARDWARE],
    ['a key with spaces around it', ` ${KEY}\n`, HARDWARE],
    ['a key with misread letters', KEY.replace('1', 'l'), HARDWARE],
    ['hardware in upper case', KEY, HARDWARE.toUpperCase()],
  ])('know %s for the same', async (_what, license_key, hardware_id) => {
    const service = await start(1);
    await call(service, '/license/validate', { license_key: KEY, hardware_id: HARDWARE });
    expect((await call(service, '/license/validate', { license_key, hardware_id })).statusCode).toBe(429);
  });

  it('are counted apart for another key and for another machine, whatever the address', async () => {
    const service = await start(1);
    const other = createHash('sha256').update('another machine').digest('hex');
    const seen: number[] = [];
    for (const body of [
      { license_key: KEY, hardware_id: HARDWARE },
      { license_key: KEY, hardware_id: other },
      { license_key: `${KEY.slice(0, -1)}X`, hardware_id: HARDWARE },
    ]) {
      seen.push((await call(service, '/license/validate', body)).statusCode);
    }
    expect(seen).toEqual([201, 201, 201]);
  });
});

it.each([
  ['no key', { hardware_id: HARDWARE }],
  ['no hardware', { license_key: KEY }],
  ['a key that is no string', { license_key: [KEY], hardware_id: HARDWARE }],
  ['hardware that is no string', { license_key: KEY, hardware_id: null }],
  ['an empty body', {}],
])('leaves a call with %s to validation', async (_what, body) => {
  const service = await start(1);
  expect(await statuses(3, () => call(service, '/license/validate', body))).toEqual(repeat(3, 201));
});

it('counts on the license and download planes only', async () => {
  const service = await start(1);
  const body = { license_key: KEY, hardware_id: HARDWARE };
  expect(await statuses(3, () => call(service, '/auth/login', body))).toEqual(repeat(3, 201));
});
