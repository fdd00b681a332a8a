import { Validator } from '@seriousme/openapi-schema-validator';
import { callsIn, Contract, type DocumentedCall } from '../setup/api-contract.js';
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

/** `POST /license/activate`, each route that the router has, but for the pages under /docs and what HEAD repeats. */
function routesOf({ nest }: TestApp): string[] {
  const paths: string[] = [];
  const lines = nest.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }).split('\n');
  return lines.flatMap((line: string) => {
    const [, indent = '', part, methods = ''] = /^([│ ]*)[├└]── (\S+) \((.*)\)$/.exec(line) ?? [];
    if (part === undefined) return [];
    const depth = indent.length / 4;
    paths[depth] = `${paths[depth - 1] ?? ''}${part}`;
    paths.length = depth + 1;
    const path = paths[depth].replace(/:(\w+)/g, '{$1}');
    if (path.startsWith('/docs')) return [];
    return methods
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method} ${path.replace('/api/v1', '')}`);
  });
}

const isSuccess = (status: string) => Number(status) < 400;

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');

const isName = ({ description = '', summary, operationId }: any): boolean =>
  ['', summary, operationId].some((name) => lettersOf(name) === lettersOf(description));

/** What a call still lacks to be understood without its code. */
function gapsIn({ name, operation }: DocumentedCall, contract: Contract): string[] {
  const successes = Object.keys(operation.responses).filter(isSuccess);
  const bodies = Object.values<any>(operation.requestBody?.content ?? {});
  const gaps = {
    'no operationId of its own': /_/.test(operation.operationId),
    'no success': successes.length === 0,
    'no description that says more than its name': isName(operation),
    'no tag': (operation.tags ?? []).length === 0,
    'a body without an example': bodies.some(({ example }) => example === undefined),
    'a body whose example its own schema refuses': bodies.some(
      ({ schema, example }) => contract.problemsOf(schema, example).length > 0,
    ),
    'a path parameter without an example': (operation.parameters ?? []).some(
      (each: any) => each.in === 'path' && each.example === undefined,
    ),
    'an answer without schema or example': Object.values<any>(operation.responses).some((response) =>
      Object.values<any>(contract.resolve(response).content ?? {}).some(
        (media) => media.schema === undefined || (media.example ?? media.examples) === undefined,
      ),
    ),
    'no success with a body or a redirect': successes.every(
      (status) => status !== '302' && operation.responses[status].content === undefined,
    ),
  };
  return Object.entries(gaps).flatMap(([gap, isThere]) => (isThere ? [`${name}: ${gap}`] : []));
}

describe('the API’s document', () => {
  it('has every route that there is, and no other', () => {
    expect(
      callsIn(document)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(routesOf(app).toSorted());
  });

  it('tells everything about each of them', () => {
    const contract = new Contract(document);
    expect(callsIn(document).flatMap((call) => gapsIn(call, contract))).toEqual([]);
  });

  it('has each operationId once', () => {
    const ids = callsIn(document).map(({ operation }) => operation.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

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

describe('the page at /docs', () => {
  it('loads everything that it needs from here', async () => {
    const page = await app.request('GET', '/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    const addresses = [...String(page.body).matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, each]) =>
      String(each),
    );
    expect(addresses.length).toBeGreaterThan(4);
    const types = await Promise.all(
      addresses.map(async (address) => {
        const url = new URL(address, `${app.url}/docs`);
        expect(url.origin).toBe(app.url);
        const { status, headers } = await app.request('GET', url.pathname);
        return [status, headers.get('content-type')?.split(';')[0]];
      }),
    );
    const expected = new Set(['text/css', 'image/png', 'application/javascript']);
    expect(types.filter(([status, type]) => status !== 200 || !expected.has(String(type)))).toEqual([]);
  });

  it('tells nobody elsewhere that it was looked at', async () => {
    const { body } = await app.request('GET', '/docs/swagger-ui-init.js');
    expect(String(body)).toContain('"validatorUrl": "none"');
  });
});
