import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { ACCESS } from '../../src/http/access.js';
import { startApp, type TestApp } from '../setup/app.js';
import { until } from '../setup/until.js';

const TOKEN = 'a-token-for-the-metrics';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { METRICS_TOKEN: TOKEN } });
});
afterAll(() => app.stop());

/** Asks again as a load balancer does: after a moment in which the machine stood still the database answers too late. */
const readinessOf = (node: TestApp) =>
  until(
    () => node.request('GET', '/health/ready'),
    ({ status }) => status !== 503,
  );

describe('health', () => {
  it('is told without a key', async () => {
    const live = await app.request('GET', '/health/live');
    expect([live.status, live.body]).toEqual([200, { status: 'ok' }]);
    const ready = await readinessOf(app);
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({ status: 'ok', details: { database: { status: 'up' } } });
  });

  it('is not told under /api/v1', async () => {
    for (const path of ['/api/v1/health/live', '/api/v1/metrics', '/health']) {
      expect((await app.request('GET', path)).status).toBe(404);
    }
  });

  it('is not ready while the database is away, and lives on', async () => {
    const other = await startApp();
    try {
      await other.dataSource.destroy();
      const { status, headers, body } = await other.request('GET', '/health/ready');
      expect(status).toBe(503);
      expect(headers.get('retry-after')).not.toBeNull();
      expect(body).toMatchObject({ success: false, code: 'INTERNAL_ERROR', status: 503 });
      expect((await other.request('GET', '/health/live')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

describe('draining', () => {
  it('ends readiness before it ends the service', async () => {
    const other = await startApp();
    try {
      expect((await readinessOf(other)).status).toBe(200);
      // The step of close() after which the server stops to listen.
      await Reflect.apply(Reflect.get(other.nest, 'callBeforeShutdownHook'), other.nest, []);
      expect((await other.request('GET', '/health/ready')).status).toBe(503);
      expect((await other.request('GET', '/health/live')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

describe('the metrics', () => {
  it('tell this machine what was asked and what was answered', async () => {
    await app.request('GET', '/health/live');
    await app.request('GET', `/api/v1/no/such/route/${'x'.repeat(20)}`);
    await app.panel('validate', {
      license_key: 'NOBODY-KNOWS-IT',
      hardware_id: 'a'.repeat(64),
      version: '1.0.0',
    });
    const { status, headers, body } = await app.request('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=/);
    expect(body).toContain('process_resident_memory_bytes');
    expect(body).toMatch(
      /mooring_http_request_duration_seconds_count\{plane="panel",method="GET",route="\/health\/live",status="2xx"\} \d+/,
    );
    expect(body).toMatch(
      /mooring_http_request_duration_seconds_count\{plane="license",method="POST",route="\/api\/v1\/license\/validate",status="4xx"\} 1/,
    );
    expect(body).toContain('route="unknown"');
    expect(body).not.toContain('no/such');
    expect(body).toContain('mooring_license_verdicts_total{action="validate",code="INVALID_KEY"} 1');
  });

  it('ask for the token when a proxy has passed the request on, whatever address it forwards', async () => {
    const other = await startApp({ settings: { METRICS_TOKEN: TOKEN, TRUST_PROXY: '127.0.0.1' } });
    try {
      const forwarded = { 'x-forwarded-for': '127.0.0.1' };
      const read = (headers: Record<string, string>) =>
        other.request('GET', '/metrics', { headers: { ...forwarded, ...headers } });
      const refused = await read({});
      expect(refused.status).toBe(401);
      expect(refused.body).toMatchObject({ success: false, code: 'UNAUTHORIZED', status: 401 });
      expect((await read({ authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
      expect((await read({ authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

describe('the admin plane', () => {
  it('names on every route what it guards', () => {
    const controllers = [...app.nest.get(ModulesContainer).values()].flatMap((module) =>
      Array.from(module.controllers.values()),
    );
    const routes = controllers.flatMap(({ metatype }) => {
      const path = String(Reflect.getMetadata(PATH_METADATA, metatype as object));
      if (path !== 'admin' && !path.startsWith('admin/')) return [];
      const { prototype } = metatype as { prototype: Record<string, object> };
      return Object.getOwnPropertyNames(prototype)
        .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name] as object))
        .map((name) => ({
          route: `${path} ${name}`,
          isNamed: [prototype[name] as object, metatype as object].some((at) =>
            Reflect.hasMetadata(ACCESS, at),
          ),
        }));
    });
    expect(routes.length).toBeGreaterThan(4);
    expect(routes.filter(({ isNamed }) => !isNamed)).toEqual([]);
  });
});
