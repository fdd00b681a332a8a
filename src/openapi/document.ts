import { CALL, type CallFacts } from '../http/api-doc.js';
import { PERMISSION } from '../http/access.js';
import { isRecord } from '../http/checks.js';
import { etagOf } from '../http/etag.js';
import { PLANE_NAMES } from '../http/planes.js';
import type { JsonSchema, Shape } from '../http/shapes.js';
import { callsOf, type Call, type FoundOperation } from './call.js';
import { HEADERS, headersOf, referTo } from './headers.js';
import { REFUSAL_SCHEMAS, refusalName, refusalResponse, refusalsOf } from './refusals.js';
import { SharedResponses } from './shared-responses.js';
import { closed, modern, parametersOf, REQUEST_HEADERS, requestBody, type Schemas } from './requests.js';

/** A document as Nest makes it of the controllers. */
export interface FoundDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, FoundOperation>>>>;
  readonly components?: { readonly schemas?: Schemas } & Readonly<Record<string, unknown>>;
}

export type ApiDocument = Readonly<Record<string, unknown>>;

/** `suspendLicense` → "Suspend license". */
const summaryOf = (operationId: string): string => {
  const words = operationId.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Whether an answer stands for one resource, and so tells its version. */
const isResource = (shape: Shape | null): boolean =>
  isRecord(shape?.example) && etagOf(shape.example.data) !== null;

function success(call: Call, facts: CallFacts, status: number, shape: Shape | null): object {
  const own = Object.entries(facts.headers ?? {}).filter(
    ([, { on }]) => on === undefined || on.includes(status),
  );
  return {
    description: DESCRIPTIONS[status] ?? 'Done.',
    headers: {
      ...referTo([
        ...headersOf(call, status),
        ...(isResource(shape) && call.permission ? (['ETag'] as const) : []),
      ]),
      ...Object.fromEntries(
        own.map(([name, { description, example }]) => [
          name,
          { description, required: true, schema: { type: 'string', examples: [example] } },
        ]),
      ),
    },
    ...(shape !== null && {
      content: {
        [shape.contentType ?? 'application/json']: {
          schema: shape.schema,
          ...(shape.example !== undefined && { example: shape.example }),
        },
      },
    }),
  };
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'As asked for.',
  201: 'Made.',
  202: 'Taken on.',
  204: 'Done.',
  206: 'A part of it.',
  302: 'It is elsewhere.',
  304: 'What the caller has is still right.',
};

function responsesOf(call: Call, shared: SharedResponses): Record<string, object> {
  const { facts } = call;
  const [usual = '200'] = Object.keys(call.found.responses);
  const successes = Object.entries(facts?.answers ?? {}).map(([key, shape]) => {
    const status = key === 'default' ? usual : key;
    return [status, success(call, facts as CallFacts, Number(status), shape)] as const;
  });
  const refusals = [...refusalsOf(call)].map(
    ([status, each]) =>
      [String(status), shared.refer(`${call.plane}-${status}`, refusalResponse(call, status, each))] as const,
  );
  return Object.fromEntries([...successes, ...refusals]);
}

function operationOf(call: Call, schemas: Schemas, shared: SharedResponses): object {
  const { found, facts, permission } = call;
  const { [CALL]: _facts, [PERMISSION]: _permission, security, tags } = found;
  const operationId = facts?.operationId ?? found.operationId ?? '';
  const body = requestBody(call, schemas);
  return {
    operationId,
    summary: summaryOf(operationId),
    ...(facts?.description !== undefined && { description: facts.description }),
    tags,
    security: call.plane === 'admin' ? [{ admin_key: [] }, { bearer: [] }] : (security ?? []),
    ...(permission !== null && { 'x-permission': `${permission.resource}:${permission.kind}` }),
    parameters: parametersOf(call),
    ...(body !== undefined && { requestBody: body }),
    responses: responsesOf(call, shared),
  };
}

const componentsOf = (calls: readonly Call[]): Record<string, JsonSchema> =>
  Object.assign(
    {},
    ...calls.flatMap(({ facts }) =>
      Object.values(facts?.answers ?? {}).map((shape) => shape?.components ?? {}),
    ),
  );

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/**
 * Makes the whole document of what Nest has found: answers, refusals, headers, examples, permissions, and JSON Schema
 * 2020-12 throughout. It is stable: the same code makes the same text, so that a change of the contract shows in review.
 */
export function completeDocument(found: FoundDocument & Readonly<Record<string, unknown>>): ApiDocument {
  const schemas = found.components?.schemas ?? {};
  const calls = callsOf(found.paths);
  const shared = new SharedResponses();
  const requests = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, closed(modern(schema) as JsonSchema)]),
  );
  const refusals = PLANE_NAMES.map((plane) => [refusalName(plane), REFUSAL_SCHEMAS[plane]] as const);
  const byPath = sorted(Object.fromEntries(Map.groupBy(calls, ({ path }) => path)));
  const paths = Object.entries(byPath).map(([path, each]) => {
    const operations = each.map((call) => [call.method, operationOf(call, schemas, shared)] as const);
    return [path, Object.fromEntries(operations)] as const;
  });
  return {
    ...found,
    paths: Object.fromEntries(paths),
    components: {
      ...found.components,
      headers: HEADERS,
      parameters: REQUEST_HEADERS,
      responses: sorted(shared.components()),
      schemas: sorted({ ...requests, ...componentsOf(calls), ...Object.fromEntries(refusals) }),
    },
  };
}
