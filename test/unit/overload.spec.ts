import { jest } from '@jest/globals';
import '@nestjs/common';
import '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Pressure, QueueSample } from '../../src/domain/overload.js';
import { until } from '../setup/until.js';
import { classOfRoute } from '../../src/http/overload/route-classes.js';

// In a graph of their own, after Nest: see test/setup/nest-first.mjs.
const { Logger } = await import('@nestjs/common');
const { PinoLogger } = await import('nestjs-pino');
const { logRequests } = await import('../../src/app.logging.js');
const { limitedApp, send } = await import('./limited-app.js');
const { QueueGauge } = await import('../../src/http/overload/gauges.js');
const { shedLoad } = await import('../../src/http/overload/register.js');
const { Shedder } = await import('../../src/http/overload/shedder.js');

const NONE: QueueSample = { waiting: 0, served: 0, elapsedMs: 1_000, stuckMs: 0 };
const waiting = (stuckMs: number): Pressure => ({
  loopDelayMs: 0,
  database: { waiting: 1, served: 0, elapsedMs: 1_000, stuckMs },
  panels: NONE,
});

let app: NestFastifyApplication;
let refused: string[];
let draws: number[];
let shedder: InstanceType<typeof Shedder>;
let authenticated: number;
/** The levels of the lines that requests would have. */
let levels: string[];
const root = {
  isLevelEnabled(level: string) {
    levels.push(level);
    return false;
  },
};

beforeEach(async () => {
  refused = [];
  draws = [];
  authenticated = 0;
  levels = [];
  Object.assign(PinoLogger, { root });
  shedder = new Shedder(
    { measured: () => undefined, refused: (name) => refused.push(name) },
    () => draws.shift() ?? 0.5,
  );
  app = await limitedApp({
    before(fastify) {
      logRequests(fastify);
      shedLoad(fastify, shedder);
    },
    authenticate: () => {
      authenticated++;
      return Promise.resolve(null);
    },
  });
});
afterEach(() => app.close());

/** As often as it counts. */
function press(stuckMs: number): void {
  for (let times = 0; times < 5; times++) shedder.take(waiting(stuckMs));
}

const CALLS = {
  reports: () => send(app, 'GET', '/admin/products'),
  unknown: () => send(app, 'GET', '/admin/none'),
  changes: () => send(app, 'POST', '/admin/products'),
  people: () => send(app, 'GET', '/auth/me'),
  files: () => send(app, 'GET', '/download/file/x'),
  updates: () => send(app, 'POST', '/download/token', { payload: {} }),
  seats: () => send(app, 'POST', '/license/activate', { payload: {} }),
  phone_home: () => send(app, 'GET', '/license/keys'),
  process: () => app.inject({ method: 'GET', url: '/health/live' }),
} as const;

async function phoneHome(draw: number): Promise<number> {
  draws = [draw];
  return (await CALLS.phone_home()).statusCode;
}

/** Which of the calls are refused for the load. */
async function shed(): Promise<string[]> {
  const answers = await Promise.all(
    Object.entries(CALLS).map(async ([name, call]) => [name, (await call()).statusCode] as const),
  );
  return answers.filter(([, status]) => status === 503).map(([name]) => name);
}

describe('under load', () => {
  it.each([
    [1_000, 0],
    [1_001, 2],
    [1_501, 3],
    [2_001, 4],
    [2_501, 5],
    [3_001, 6],
    [4_001, 7],
    [5_001, 8],
    [3_600_000, 8],
  ])('a wait of %d ms refuses the first %d kinds of calls', async (stuckMs, count) => {
    press(stuckMs);
    expect(await shed()).toEqual(Object.keys(CALLS).slice(0, count));
  });

  it.each([
    ['license', '/license/keys', { valid: false, code: 'INTERNAL_ERROR' }, [5, 30]],
    ['download', '/download/file/x', {}, [10, 60]],
    ['admin', '/admin/products', { success: false, code: 'INTERNAL_ERROR' }, [10, 30]],
    ['panel', '/auth/me', { success: false, code: 'INTERNAL_ERROR', status: 503 }, [5, 15]],
  ] as const)('the %s plane is refused in its envelope', async (plane, path, rest, [from, to]) => {
    press(60_000);
    const error = 'Service temporarily unavailable';
    for (const [draw, seconds] of [
      [0, from],
      [0.999, to],
    ] as const) {
      draws = [0.999, draw];
      const { statusCode, headers, ...answer } = await send(app, 'GET', path);
      expect([statusCode, headers['retry-after']]).toEqual([503, String(seconds)]);
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.json()).toEqual({ ...rest, ...(plane === 'panel' && { message: error }), error });
    }
  });

  it('costs nothing: no body is read, nothing counted, no credential looked up', async () => {
    press(60_000);
    const answer = await send(app, 'POST', '/admin/products', {
      payload: '{',
      headers: { 'content-type': 'application/json', 'x-admin-key': 'mk_some' },
    });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).not.toHaveProperty('x-ratelimit-limit');
    expect(authenticated).toBe(0);
    expect(refused).toEqual(['changes']);
  });

  it('panels that phone home are thinned out, and let in again bit by bit', async () => {
    press(5_001);
    expect([await phoneHome(0.49), await phoneHome(0.5)]).toEqual([200, 503]);
    press(0);
    expect([await phoneHome(0.74), await phoneHome(0.75)]).toEqual([200, 503]);
    shedder.take(waiting(0));
    expect(await phoneHome(0.999)).toBe(200);
  });

  it('is told once when it begins and once when it is over, class by class', async () => {
    const lines: unknown[] = [];
    const note = (facts: unknown, text: unknown) => lines.push([(facts as { class: string }).class, text]);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(note);
    jest.spyOn(Logger.prototype, 'log').mockImplementation(note);
    const errors = jest.spyOn(Logger.prototype, 'error');
    press(1_501);
    press(1_501);
    await Promise.all([CALLS.reports(), CALLS.changes(), CALLS.unknown()]);
    await until(
      () => levels.length,
      (count) => count === 3,
    );
    expect(levels).toEqual(['debug', 'debug', 'debug']);
    press(0);
    press(0);
    press(0);
    expect(errors).not.toHaveBeenCalled();
    jest.restoreAllMocks();
    const begins = 'Overloaded: requests of this class are refused or thinned out';
    const ends = 'Requests of this class are answered again';
    expect(lines).toEqual([
      ['changes', begins],
      ['reports', begins],
      ['changes', ends],
      ['reports', ends],
    ]);
  });
});

describe('the class of a route', () => {
  it.each([
    ['GET', '/api/v1/admin/licenses/:id/activations', 'reports'],
    ['GET', '/api/v1/admin/customers/:id/export', 'reports'],
    ['HEAD', '/api/v1/admin/audit/verify', 'reports'],
    ['POST', '/api/v1/admin/import/seats', 'reports'],
    ['GET', '/api/v1/admin/licenses/:id', 'changes'],
    ['POST', '/api/v1/admin/licenses/:id/revoke', 'changes'],
    ['GET', '/sso/consume/:nonce', 'people'],
    ['POST', '/api/v1/license/validate', 'phone_home'],
    ['POST', '/api/v1/license/rebind', 'seats'],
    ['GET', '/metrics', 'process'],
  ])('%s %s: %s', (method, pattern, expected) => {
    expect(classOfRoute(method, pattern)).toBe(expected);
  });

  it.each(['/api/v1/administrator', '/api/v1/new', '/'])(
    '%s, which nobody has thought of, is refused',
    (pattern) => {
      expect(() => classOfRoute('GET', pattern)).toThrow(
        `Nobody has said when GET ${pattern} is refused under load`,
      );
    },
  );
});

describe('a queue', () => {
  it('is stuck for as long as some wait and nobody is served', () => {
    const gauge = new QueueGauge();
    expect(gauge.take(0, 1_000).stuckMs).toBe(0);
    expect(gauge.take(1, 1_000).stuckMs).toBe(0);
    expect(gauge.take(3, 1_500).stuckMs).toBe(1_500);
    expect(gauge.take(3, 1_000).stuckMs).toBe(2_500);
    gauge.served();
    expect(gauge.take(2, 1_000)).toEqual({ waiting: 2, served: 1, elapsedMs: 1_000, stuckMs: 0 });
    expect(gauge.take(2, 1_000).stuckMs).toBe(0);
    expect(gauge.take(2, 1_000)).toEqual({ waiting: 2, served: 0, elapsedMs: 1_000, stuckMs: 1_000 });
    expect(gauge.take(0, 1_000).stuckMs).toBe(0);
  });
});
