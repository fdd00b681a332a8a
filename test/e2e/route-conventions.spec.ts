import { randomUUID } from 'node:crypto';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { GUARDS_METADATA, INTERCEPTORS_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { KeepsConventions } from '../../src/conventions/keeps-conventions.js';
import { ACCESS } from '../../src/http/access.js';
import { NoStrayInput } from '../../src/http/no-stray-input.js';
import { startApp, type TestApp } from '../setup/app.js';

const TOKEN = 'metrics-token-of-this-test-that-is-long';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1', METRICS_TOKEN: TOKEN } });
});
afterAll(() => app.stop());

const own = (key: string, at: object): unknown[] =>
  (Reflect.getMetadata(key, at) as unknown[] | undefined) ?? [];

/** Every method that answers a route, inherited ones as well, of every controller that Nest knows. */
function routes() {
  const scanner = new MetadataScanner();
  const controllers = new Set(
    [...app.nest.get(ModulesContainer).values()].flatMap((module) =>
      [...module.controllers.values()].map(({ metatype }) => metatype as new () => object),
    ),
  );
  return [...controllers].flatMap((controller) => {
    const prototype = controller.prototype as Record<string, object>;
    return scanner
      .getAllMethodNames(prototype)
      .map((name) => ({ name: `${controller.name}.${name}`, controller, handler: prototype[name] as object }))
      .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler));
  });
}

describe('every route', () => {
  it('looks for input that it does not take, once and last of its guards', () => {
    expect(routes().length).toBeGreaterThan(100);
    const guards = routes().map(({ name, handler }) => ({ name, guards: own(GUARDS_METADATA, handler) }));
    expect(guards.filter((route) => route.guards.at(-1) !== NoStrayInput).map(({ name }) => name)).toEqual(
      [],
    );
    const often = guards.filter((route) => route.guards.filter((guard) => guard === NoStrayInput).length > 1);
    expect(often.map(({ name }) => name)).toEqual([]);
  });

  it('that wants a permission keeps the conventions, once, and no other does', () => {
    const kept = routes().map(({ name, controller, handler }) => ({
      name,
      wants: [controller, handler].some((at) => Reflect.hasMetadata(ACCESS, at)),
      times: [controller, handler]
        .flatMap((at) => own(INTERCEPTORS_METADATA, at))
        .filter((interceptor) => interceptor === KeepsConventions).length,
    }));
    expect(kept.filter(({ wants }) => wants).length).toBeGreaterThan(80);
    expect(kept.filter(({ wants, times }) => times !== (wants ? 1 : 0))).toEqual([]);
  });
});

const STRANGER = { 'x-forwarded-for': '203.0.113.9' };
const readMetrics = (headers: Record<string, string>) =>
  app.request('GET', '/metrics?stray=1', { headers: { ...STRANGER, ...headers } });

describe('who may not call', () => {
  it('at all is not told what the call takes', async () => {
    const answer = await app.request('GET', `/api/v1/admin/products/${randomUUID()}?stray=1`);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([401, expect.not.stringContaining('stray')]);
    const told = await app.admin('GET', `/products/${randomUUID()}?stray=1`);
    expect([told.status, told.body.details]).toEqual([422, { stray: [expect.any(String)] }]);
  });

  it('by a guard of the route itself is not told either', async () => {
    const refused = await readMetrics({});
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      401,
      expect.not.stringContaining('stray'),
    ]);
    const told = await readMetrics({ authorization: `Bearer ${TOKEN}` });
    expect([told.status, JSON.stringify(told.body)]).toEqual([400, expect.stringContaining('stray')]);
  });
});
