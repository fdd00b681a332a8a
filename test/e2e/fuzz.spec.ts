import * as fc from 'fast-check';
import { planeOf, type Plane } from '../../src/http/planes.js';
import { counterexample } from '../setup/counterexample.js';
import { goodBody, ROUTES_WITH_BODY, World } from '../setup/hostile-world.js';
import { isRefusalOf } from '../setup/planes.js';
import { send, type Received } from '../setup/wire.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.app.stop());

/** Any UTF-16 unit, halves of characters and NUL included. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xff_ff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('\0', '\ud800', '\udfff', '"', '\\', '%', '\u202e', 'a', '0', '-', '.'),
);
const anyText = fc.string({ unit, maxLength: 40 });
const anyJson = fc.oneof(
  fc.jsonValue({ stringUnit: unit, maxDepth: 3 }),
  fc.constantFrom(1e300, -1e300, 2 ** 53, 2 ** 31, -1, 0.1, '', null),
  anyText,
);

/** Served, or refused in the plane's envelope; otherwise the answer, for the report. */
function judged(plane: Plane, answer: Received): string {
  const isServed = answer.status >= 200 && answer.status < 400;
  return isServed || isRefusalOf(plane, answer) ? 'answered' : `${answer.status} ${answer.body}`;
}

/** The smallest input that is answered badly, and how; null when there is none. */
const badlyAnswered = <T>(inputs: fc.Arbitrary<T>, numRuns: number, ask: (input: T) => Promise<string>) =>
  counterexample(inputs, numRuns, async (input) => {
    const answer = await ask(input);
    if (answer !== 'answered') throw new Error(answer);
  });

describe('anything at all', () => {
  it.each(ROUTES_WITH_BODY)('%s: random values in any field', async (name) => {
    const operation = world.operation(name);
    const fields = Object.keys(operation.body?.properties ?? {});
    const changes = fc.dictionary(fc.constantFrom(...fields), anyJson, { minKeys: 1, maxKeys: 3 });
    const found = await badlyAnswered(changes, 60, async (changed) => {
      const body = JSON.stringify({ ...goodBody(name, world), ...changed });
      return judged(operation.plane, await world.send(operation, { body }));
    });
    expect(found).toBeNull();
  });

  it.each(ROUTES_WITH_BODY)('%s: random fields', async (name) => {
    const operation = world.operation(name);
    const more = fc.dictionary(anyText, anyJson, { minKeys: 1, maxKeys: 3 });
    const found = await badlyAnswered(more, 10, async (fields) => {
      // By entries: a field named __proto__ would vanish otherwise.
      const members = [...Object.entries(goodBody(name, world)), ...Object.entries(fields)];
      const body = JSON.stringify(Object.fromEntries(members));
      return judged(operation.plane, await world.send(operation, { body }));
    });
    expect(found).toBeNull();
  });

  it('as a body', async () => {
    const text = fc.json({ stringUnit: unit });
    const inputs = fc.record({
      operation: fc.constantFrom(...world.operations.filter(({ method }) => method !== 'GET')),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        text.map((json) => Buffer.from(json)),
        // Broken off in the middle.
        text.map((json) => Buffer.from(json.slice(0, json.length / 2))),
      ),
    });
    const found = await badlyAnswered(inputs, 600, async ({ operation, bytes }) =>
      judged(operation.plane, await world.send(operation, { body: bytes })),
    );
    expect(found).toBeNull();
  });

  it('as a path and a query', async () => {
    const encoded = anyText.map((text) => encodeURIComponent(text.toWellFormed()));
    const rough = fc
      .uint8Array({ maxLength: 6 })
      .map((bytes) => Buffer.from(bytes).toString('hex').replace(/../g, '%$&'));
    const parts = world.operations.flatMap(({ path }) => path.split('/').slice(3));
    const part = fc.oneof(
      fc.constantFrom(...parts),
      encoded,
      rough,
      fc.constantFrom('..', '.', '', '%', '%2f'),
    );
    const targets = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'),
      path: fc.array(part, { maxLength: 5 }).map((segments) => ['/api/v1', ...segments].join('/')),
      query: fc.array(
        fc.tuple(fc.oneof(encoded, fc.constantFrom('page', 'q', 'sort')), fc.oneof(encoded, rough)),
        {
          maxLength: 2,
        },
      ),
    });
    const found = await badlyAnswered(targets, 800, async ({ method, path, query }) => {
      const search = query.map(([name, value]) => `${name}=${value}`).join('&');
      const target = search === '' ? path : `${path}?${search}`;
      const headers = { 'x-admin-key': world.app.adminKey };
      return judged(planeOf(target), await send(world.app.url, { method, path: target, headers }));
    });
    expect(found).toBeNull();
  });

  it('as a credential', async () => {
    // What Node lets out; anything else is refused by its client, and by its server before it is a request.
    const value = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
    });
    const headers = fc.oneof(
      fc.record({ 'x-admin-key': value }),
      fc.record({
        authorization: fc.oneof(
          value,
          value.map((text) => `Bearer ${text}`),
        ),
      }),
      fc.record({ 'x-admin-key': value, authorization: value, 'x-forwarded-for': value, 'if-match': value }),
    );
    const paths = ['/api/v1/admin/products', '/api/v1/auth/me', '/api/v1/download/file/none'];
    const found = await badlyAnswered(
      fc.tuple(fc.constantFrom(...paths), headers),
      300,
      async ([path, sent]) => {
        const answer = await send(world.app.url, { method: 'GET', path, headers: sent });
        return answer.status === 401 ? judged(planeOf(path), answer) : `${answer.status} ${answer.body}`;
      },
    );
    expect(found).toBeNull();
  });
});
