import { goodBody, ROUTES_WITH_BODY, World, type RouteWithBody } from '../setup/hostile-world.js';
import { badValuesOf } from '../setup/hostile-values.js';
import type { Schema } from '../setup/api-document.js';
import { badFields, refused, seen, type Refusal } from '../setup/planes.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.app.stop());

/** The JSON text of a good body with one field replaced by a JSON text, or left out. */
function bodyWith(name: RouteWithBody, field: string, json: string | null): string {
  const { [field]: _, ...rest } = goodBody(name, world);
  const members = Object.entries(rest).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  return `{${[...members, ...(json === null ? [] : [`${JSON.stringify(field)}:${json}`])].join()}}`;
}

const inWords = (field: string) => field.replaceAll('_', ' ');

interface Case {
  readonly body: string;
  readonly field: string;
  readonly sentence: string;
}

/** Every field of a route with every bad value there is for its kind. */
function casesOf(name: RouteWithBody): Case[] {
  const { body } = world.operation(name);
  return Object.entries(body?.properties ?? {}).flatMap(([field, schema]: [string, Schema]) => {
    const isRequired = body?.required?.includes(field) === true;
    // In a change a field without a value is neither a change nor absent.
    const isEmptyRefused = isRequired || (name.startsWith('PATCH') && schema.nullable !== true);
    const missing = [...(isRequired ? [null] : []), ...(isEmptyRefused ? ['null', '""'] : [])];
    return [
      ...missing.map((json) => ({ json, sentence: 'The :field field is required.' })),
      ...badValuesOf(schema).map(([json, sentence]) => ({ json, sentence })),
    ].map(({ json, sentence }) => ({
      body: bodyWith(name, field, json),
      field,
      sentence: sentence.replace(':field', inWords(field)),
    }));
  });
}

const brief = (text: string) => (text.length > 400 ? `${text.slice(0, 200)}…${text.slice(-200)}` : text);

describe('bad fields of every route', () => {
  it('are tried on every route that takes a body', () => {
    const documented = world.operations.filter(({ body }) => body !== null).map(({ name }) => name);
    expect(ROUTES_WITH_BODY.toSorted()).toEqual(documented.toSorted());
  });

  it.each(ROUTES_WITH_BODY)('%s refuses them in its own words and writes nothing', async (name) => {
    const operation = world.operation(name);
    const before = await world.fingerprint();
    const cases = casesOf(name);
    expect(cases.length).toBeGreaterThan(5);
    for (const { body, field, sentence } of cases) {
      const answer = seen(await world.send(operation, { body }));
      const expected = expectedFor(name, field, sentence);
      // With the body, so that a failure names its case.
      expect({ sent: brief(body), ...answer }).toEqual({
        sent: brief(body),
        ...refused(operation.plane, expected),
      });
    }
    expect(await world.fingerprint()).toEqual(before);
  });

  it.each(ROUTES_WITH_BODY)('%s refuses fields that it does not know', async (name) => {
    const operation = world.operation(name);
    const before = await world.fingerprint();
    for (const field of [
      'colour',
      'toString',
      'constructor',
      'hasOwnProperty',
      '__defineGetter__',
      'id',
      'a b',
      '',
    ]) {
      const body = bodyWith(name, field, '{"x":1}');
      const expected = badFields(operation.plane, {
        [field]: [`The ${inWords(field)} field is prohibited.`],
      });
      expect({ sent: body, ...seen(await world.send(operation, { body })) }).toEqual({
        sent: body,
        ...refused(operation.plane, expected),
      });
    }
    expect(await world.fingerprint()).toEqual(before);
  });
});

describe('a name', () => {
  it.each([
    'POST /admin/products',
    'POST /admin/policies',
    'POST /admin/api-keys',
    'PATCH /admin/products/{id}',
  ] as const)('of nothing but blanks is missing for %s', async (name) => {
    const operation = world.operation(name);
    const answer = seen(await world.send(operation, { body: bodyWith(name, 'name', '" \\t\\u00a0 "') }));
    const expected = badFields(operation.plane, { name: ['The name field is required.'] });
    expect(answer).toEqual(refused(operation.plane, expected));
  });
});

/** A log-in without one of its two parts is told so in one sentence. */
function expectedFor(name: RouteWithBody, field: string, sentence: string): Refusal {
  if (name === 'POST /auth/login' && sentence.endsWith('is required.')) {
    return { status: 400, code: 'VALIDATION_ERROR', error: 'Username and password are required' };
  }
  return badFields(world.operation(name).plane, { [field]: [sentence] });
}
