import { Validator } from '@seriousme/openapi-schema-validator';
import { startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
let document: any;

beforeAll(async () => {
  app = await startApp();
  document = (await app.request('GET', '/api/v1/openapi.json')).body;
});
afterAll(() => app.stop());

/** Every object in the document, with the way to it. */
function* nodes(value: unknown, path = '#'): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) yield* nodes(inner, `${path}/${key}`);
}

describe('the API’s document', () => {
  it('is OpenAPI 3.1 by the specification’s own schema', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect([result.errors, document.openapi]).toEqual([undefined, '3.1.0']);
  });

  it('says nothing in the words of 3.0', () => {
    const old = [...nodes({ paths: document.paths, schemas: document.components.schemas })].filter(
      ([, node]) => 'nullable' in node || node.format === 'binary',
    );
    expect(old.map(([path]) => path)).toEqual([]);
  });

  it('refers only to what it holds', () => {
    const targets = new Set([...nodes(document)].map(([path]) => path));
    const dangling = [...nodes(document)].filter(
      ([, { $ref }]) => typeof $ref === 'string' && !targets.has($ref),
    );
    expect(dangling.map(([path]) => path)).toEqual([]);
  });

  it('has only patterns that are regular expressions', () => {
    const patterns = [...nodes(document)].flatMap(([, { pattern }]) =>
      typeof pattern === 'string' ? [pattern] : [],
    );
    expect(patterns.length).toBeGreaterThan(0);
    for (const pattern of patterns) expect(() => new RegExp(pattern, 'u')).not.toThrow();
  });
});
