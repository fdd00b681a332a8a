import '@nestjs/common';
import '@nestjs/core';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

// In a graph of its own, after Nest: see test/setup/nest-first.mjs.
const { limitedApp } = await import('./limited-app.js');

let app: NestFastifyApplication | undefined;
let port: number;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start() {
  const env = { LIMIT_AUTH_PER_MINUTE: '1', LIMIT_ADDRESS_PER_MINUTE: '1', LIMIT_ADMIN_PER_MINUTE: '1' };
  app = await limitedApp({ env });
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
}

/** Bytes as they are; of the answer the status and the headers of the limit. */
async function sendRaw(bytes: string) {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const [line = '', ...rest] = (await text(socket)).split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
  const headers = Object.fromEntries(
    rest.map((each) => [each.split(': ')[0]?.toLowerCase(), each.split(': ')[1]]),
  );
  return { status: Number(line.split(' ')[1]), headers };
}

const BROKEN = {
  'a bad Expect': [417, (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n`],
  'a path that is too long': [431, (path: string) => `GET ${path}/${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`],
  'a path that never ends': [431, (path: string) => `GET ${path}/${'a'.repeat(90_000)}`],
  'broken HTTP': [400, (path: string) => `GET ${path} HTTP/1.1\r\nBad Header\r\n\r\n`],
  CONNECT: [404, (path: string) => `CONNECT ${path} HTTP/1.1\r\nHost: x\r\n\r\n`],
} as const;

const PATHS = ['/api/v1/auth/login', '/api/v1/license/activate', '/api/v1/download/token'] as const;

const EACH = Object.entries(BROKEN).flatMap(([what, [status, request]]) =>
  PATHS.map((path) => [what, path, status, request] as const),
);

describe('what never becomes a request', () => {
  it.each(EACH)('counts: %s at %s', async (_what, path, status, request) => {
    await start();
    const first = await sendRaw(request(path));
    expect(first.status).toBe(status);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '1' });
    const second = await sendRaw(request(path));
    expect(second.status).toBe(429);
    expect(second.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(50);
    expect((await sendRaw(`GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)).status).toBe(429);
  });

  it('counts on the admin plane by address', async () => {
    await start();
    const request = BROKEN['broken HTTP'][1]('/api/v1/admin/products');
    const answers = [await sendRaw(request), await sendRaw(request)];
    expect(answers.map((answer) => answer.status)).toEqual([400, 429]);
    expect(answers[0]?.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  });

  it('has no limit elsewhere', async () => {
    await start();
    for (const _ of [1, 2]) {
      const { status, headers } = await sendRaw(BROKEN['a bad Expect'][1]('/health/live'));
      expect([status, headers['x-ratelimit-limit']]).toEqual([404, undefined]);
    }
  });

  it('may hang up in the middle of its answer', async () => {
    await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(BROKEN.CONNECT[1]('/'));
    await once(socket, 'data');
    socket.resetAndDestroy();
    await sleep(50);
    expect((await sendRaw('GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n')).status).toBe(200);
  });
});
