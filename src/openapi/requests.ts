import { exampleId } from '../http/examples.js';
import type { JsonSchema } from '../http/shapes.js';
import { exampleNameOf, type Call, type FoundParameter } from './call.js';

export type Schemas = Readonly<Record<string, JsonSchema>>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values, which may hold keys that look like those of a schema. */
const DATA: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples', 'example', 'required']);

/** Nest writes `example`, which JSON Schema calls `examples`, and wraps a reference that has a description in `allOf`. */
export function modern(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(modern);
  if (!isRecord(schema)) return schema;
  const { example, allOf, ...rest } = schema;
  const inner = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => {
      if (key === 'properties' && isRecord(value))
        return [key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, modern(each)]))];
      return [key, DATA.has(key) ? value : modern(value)];
    }),
  );
  const only = Array.isArray(allOf) && allOf.length === 1 ? (modern(allOf[0]) as object) : {};
  return {
    ...only,
    ...(Array.isArray(allOf) && allOf.length > 1 && { allOf: allOf.map(modern) }),
    ...inner,
    ...(example !== undefined && { examples: [example] }),
  };
}

/** A body takes what is declared and nothing else. */
export const closed = (schema: JsonSchema): JsonSchema =>
  schema.type === 'object' && schema.additionalProperties === undefined
    ? { ...schema, additionalProperties: false }
    : schema;

function resolve(schema: JsonSchema, schemas: Schemas): JsonSchema {
  const reference = [
    schema.$ref,
    ...((schema.anyOf as JsonSchema[] | undefined) ?? []).map((each) => each.$ref),
  ].find((each) => typeof each === 'string');
  return typeof reference === 'string' ? (schemas[reference.split('/').at(-1) ?? ''] ?? schema) : schema;
}

/** The example of a body: of its fields all that have one; undefined when a required one has none. */
export function exampleOf(schema: JsonSchema, schemas: Schemas): unknown {
  if (schema.example !== undefined) return schema.example;
  const { properties, required } = resolve(schema, schemas);
  if (!isRecord(properties)) return undefined;
  const examples = Object.entries(properties).map(
    ([name, each]) => [name, exampleOf(each as JsonSchema, schemas)] as const,
  );
  const isWhole = ((required as string[] | undefined) ?? []).every((name) =>
    examples.some(([each, value]) => each === name && value !== undefined),
  );
  if (!isWhole) return undefined;
  const told = examples.filter(([, value]) => value !== undefined);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** The body of a request, with an example. A body without any fields that are wanted may be `{}`. */
export function requestBody(call: Call, schemas: Schemas): object | undefined {
  const body = call.found.requestBody;
  if (body === undefined) return undefined;
  const content = Object.entries(body.content).map(([type, { schema = {} }]) => {
    if (type !== 'application/json') {
      const sends = call.facts?.sends;
      const example = typeof sends === 'object' ? sends[type] : sends;
      return [
        type,
        { schema: example === undefined ? {} : modern(schema), ...(example !== undefined && { example }) },
      ];
    }
    const example = call.facts?.sends ?? exampleOf(schema, schemas) ?? {};
    return [type, { schema: modern(schema), example }];
  });
  const isJson = call.takesJson;
  const isRequired =
    !isJson ||
    (
      (resolve(body.content['application/json']?.schema ?? {}, schemas).required as string[] | undefined) ??
      []
    ).length > 0;
  return { required: isRequired, content: Object.fromEntries(content) };
}

function parameter(call: Call, found: FoundParameter): object {
  const { name, schema = {}, example = schema.example, ...rest } = found;
  const isId = found.in === 'path' && name.endsWith('id');
  const told = call.facts?.parameters?.[name] ?? (isId ? exampleId(exampleNameOf(call, name)) : example);
  const { description, ...shown } = modern({ ...schema, example: undefined }) as Record<string, unknown>;
  return {
    name,
    ...rest,
    ...(typeof description === 'string' && { description }),
    schema: isId ? { type: 'string', format: 'uuid' } : shown,
    ...(told !== undefined && { example: told }),
  };
}

/** Headers of requests, under the names of their components. */
export const REQUEST_HEADERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Sent again within 24 hours with the same key, the request has no second effect and the same answer. The key is ' +
      'the caller’s own; for another request it is refused.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', examples: ['order-1042'] },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of the resource as it was read, or several: nothing is changed if another has changed it since. ' +
      '`*` asks only that it is there.',
    schema: { type: 'string', examples: ['"8vJ3c1yQmUq0Zc5wT2n7XkLpRdE"'] },
  },
} as const;

const refer = (name: keyof typeof REQUEST_HEADERS) => ({ $ref: `#/components/parameters/${name}` });

export const parametersOf = (call: Call): object[] => [
  ...(call.found.parameters ?? []).map((found) => parameter(call, found)),
  ...(call.isRepeatable ? [refer('IdempotencyKey')] : []),
  ...(call.isConditional ? [refer('IfMatch')] : []),
];
