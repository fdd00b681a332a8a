import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../http/checks.js';
import { etagOf } from '../http/etag.js';
import { FILE_REPORT } from '../http/file-report.js';
import { PLANE_NAMES } from '../http/planes.js';
import type { JsonSchema, Shape } from '../http/shapes.js';
import { callsOf, credentialsOf, type Call, type FoundOperation } from './call.js';
import { HEADERS, headersOf, ownHeaders, referTo } from './headers.js';
import { REFUSAL_SCHEMAS, refusalName } from './refusal-schemas.js';
import { refusalResponses } from './refusal-responses.js';
import { rateLimitsOf } from './rate-limits.js';
import { SharedResponses } from './shared-responses.js';
import { componentsOfEvents, webhooksOf, type EventDocs } from './webhooks.js';
import { closed, modern, parametersOf, REQUEST_HEADERS, requestBody, type Schemas } from './requests.js';

/** A document as Nest makes it of the controllers. */
export interface FoundDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, FoundOperation>>>>;
  readonly components?: { readonly schemas?: Schemas } & Readonly<Record<string, unknown>>;
}

export type ApiDocument = Readonly<Record<string, unknown>>;

const ABBREVIATIONS = /\b(api|jwks|sso)\b/g;

/** `suspendLicense` → "Suspend license". */
const summaryOf = (operationId: string): string => {
  const words = operationId
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(ABBREVIATIONS, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Whether an answer stands for one resource, and so tells its version. */
const isResource = (shape: Shape | null): boolean =>
  isRecord(shape?.example) && etagOf(shape.example.data) !== null;

function contentOf({ schema, example, contents }: Shape) {
  const examples = Object.entries<unknown>(contents ?? { 'application/json': example });
  return Object.fromEntries(examples.map(([type, each]) => [type, { schema, example: each }]));
}

function success(call: Call, status: number, shape: Shape | null): object {
  return {
    description: DESCRIPTIONS[status] ?? 'Done.',
    headers: {
      ...referTo([
        ...headersOf(call, status),
        ...(isResource(shape) && call.permissions ? (['ETag'] as const) : []),
      ]),
      ...ownHeaders(call, status),
    },
    ...(shape !== null && {
      content: contentOf(shape),
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
    return [status, success(call, Number(status), shape)] as const;
  });
  const refusals = [...refusalResponses(call)].map(
    ([status, response]) => [status, shared.refer(response)] as const,
  );
  return Object.fromEntries([...successes, ...refusals]);
}

/** One as a text, several as a list of texts. */
function permissionText(permissions: NonNullable<Call['permissions']>): string | readonly string[] {
  const [first = '', ...more] = permissions.map(({ resource, kind }) => `${resource}:${kind}`);
  return more.length === 0 ? first : [first, ...more];
}

function operationOf(call: Call, schemas: Schemas, shared: SharedResponses): object {
  const { found, facts, permissions } = call;
  const { tags } = found;
  const operationId = facts?.operationId ?? found.operationId ?? '';
  const body = requestBody(call, schemas);
  const rateLimits = rateLimitsOf(call);
  return {
    operationId,
    summary: summaryOf(operationId),
    ...(facts?.description !== undefined && { description: facts.description }),
    tags,
    security: credentialsOf(call),
    ...(permissions !== null && { 'x-permission': permissionText(permissions) }),
    ...(rateLimits.length > 0 && { 'x-rate-limit': rateLimits }),
    parameters: parametersOf(call),
    ...(body !== undefined && { requestBody: body }),
    responses: responsesOf(call, shared),
  };
}

/** All of them under their names. @throws Error for a name that stands for two */
function merged(...parts: readonly Schemas[]): Schemas {
  const all = new Map<string, JsonSchema>();
  for (const [name, schema] of parts.flatMap(Object.entries<JsonSchema>)) {
    if (!isDeepStrictEqual(all.get(name) ?? schema, schema)) {
      throw new Error(`Two shapes of the API's document are called ${name}`);
    }
    all.set(name, schema);
  }
  return Object.fromEntries(all);
}

const componentsOf = ({ facts }: Call): Schemas[] =>
  Object.values(facts?.answers ?? {}).map((shape) => shape?.components ?? {});

/** The document is a route, too, though of no controller. */
const THIS_DOCUMENT = {
  '/api/v1/openapi.json': {
    get: {
      operationId: 'getApiDocument',
      summary: 'Get API document',
      description: 'This document.',
      tags: ['process'],
      security: [],
      parameters: [],
      responses: {
        200: {
          description: DESCRIPTIONS[200],
          content: {
            'application/json': {
              schema: { type: 'object', required: ['openapi'] },
              example: { openapi: '3.1.0' },
            },
          },
        },
      },
    },
  },
};

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/**
 * Makes the whole document of what Nest has found: answers, refusals, headers, examples, permissions, and JSON Schema
 * 2020-12 throughout. It is stable: the same code makes the same text, so that a change of the contract shows in review.
 */
export function completeDocument(
  found: FoundDocument & Readonly<Record<string, unknown>>,
  events: EventDocs,
): ApiDocument {
  const schemas = found.components?.schemas ?? {};
  const calls = callsOf(found.paths);
  const shared = new SharedResponses(calls.flatMap((call) => [...refusalResponses(call).values()]));
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
    paths: sorted({ ...Object.fromEntries(paths), ...THIS_DOCUMENT }),
    webhooks: webhooksOf(events),
    components: {
      ...found.components,
      headers: HEADERS,
      parameters: REQUEST_HEADERS,
      responses: sorted(shared.components()),
      schemas: sorted(
        merged(
          requests,
          ...calls.flatMap(componentsOf),
          ...componentsOfEvents(events),
          FILE_REPORT.components,
          Object.fromEntries(refusals),
        ),
      ),
    },
  };
}
