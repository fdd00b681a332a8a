import { VERSION_PATTERN } from '../domain/version.js';
import { EXAMPLE_HARDWARE, exampleHash, exampleId, exampleJws } from './examples.js';

/**
 * What answers look like, said once: each shape is the OpenAPI schema of a value, its example, and its type. A body function
 * that answers `Wire<typeof PRODUCT>` can neither leave out a field that is documented nor add one that is not.
 */

/** JSON Schema 2020-12, as the document holds it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

declare const WIRE: unique symbol;

export interface Shape<T = unknown> {
  readonly schema: JsonSchema;
  readonly example: unknown;
  /** The components that the schema refers to, itself included when it is one. */
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** Examples by content type; absent for JSON. */
  readonly contents?: Readonly<Record<string, string>>;
  readonly [WIRE]?: T;
}

/** A field that may be missing. */
export interface OptionalShape<T = unknown> extends Shape<T> {
  readonly isOptional: true;
}

/** What a handler may answer for a shape: instants are dates until they are written. */
export type Wire<S extends Shape> = S extends Shape<infer T> ? T : never;

type Fields = Readonly<Record<string, Shape>>;
type OptionalNames<F extends Fields> = {
  [Name in keyof F]: F[Name] extends OptionalShape ? Name : never;
}[keyof F];
type ObjectOf<F extends Fields> = {
  readonly [Name in Exclude<keyof F, OptionalNames<F>>]: Wire<F[Name]>;
} & { readonly [Name in OptionalNames<F>]?: Wire<F[Name]> | undefined };

export interface Told {
  readonly description?: string;
  readonly example?: unknown;
}

const plain = <T>(
  schema: JsonSchema,
  fallback: unknown,
  { description, example = fallback }: Told,
): Shape<T> => ({
  schema: {
    ...schema,
    ...(description !== undefined && { description }),
    // A container's example is made of those of its parts.
    ...(typeof example !== 'object' && { examples: [example] }),
  },
  example,
  components: {},
});

export const text = (told: Told & { example: string }): Shape<string> => plain({ type: 'string' }, '', told);
export const integer = (told: Told & { min?: number } = {}): Shape<number> =>
  plain({ type: 'integer', minimum: told.min ?? 0 }, 1, told);
export const number = (told: Told = {}): Shape<number> => plain({ type: 'number' }, 0.5, told);
export const flag = (told: Told & { example?: boolean } = {}): Shape<boolean> =>
  plain({ type: 'boolean' }, false, told);

/** One of a few strings; the first is the example unless told otherwise. */
export const choice = <const T extends string>(choices: readonly T[], told: Told = {}): Shape<T> =>
  plain({ type: 'string', enum: [...choices] }, choices[0], told);

/** This very value. */
export const always = <const T extends string | number | boolean | null>(value: T): Shape<T> => ({
  schema: { const: value },
  example: value,
  components: {},
});

/** An id; `of` says whose, so that examples of one thing agree everywhere. */
export const id = (of: string, told: Told = {}): Shape<string> =>
  plain({ type: 'string', format: 'uuid' }, exampleId(of), told);

/** An ISO 8601 instant in UTC. */
export const instant = (told: Told = {}): Shape<Date | string> =>
  plain({ type: 'string', format: 'date-time' }, '2026-03-01T09:00:00.000Z', told);

export const version = (told: Told = {}): Shape<string> =>
  plain({ type: 'string', pattern: VERSION_PATTERN }, '1.4.2', told);

export const hardwareIdShape = (told: Told = {}): Shape<string> =>
  plain({ type: 'string', pattern: '^[0-9a-f]{64}$' }, EXAMPLE_HARDWARE, told);

/** A SHA-256 in hexadecimal. */
export const sha256 = (told: Told = {}): Shape<string> =>
  plain({ type: 'string', pattern: '^[0-9a-f]{64}$' }, exampleHash('file'), told);

const JWS_PATTERN = '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$';

/** A compact JWS of that `typ`. */
export const jws = (type: string, description: string): Shape<string> =>
  plain({ type: 'string', pattern: JWS_PATTERN }, exampleJws(type), { description });

/** Counters by their names. */
export const counters = (told: Told = {}): Shape<Readonly<Record<string, number>>> =>
  plain({ type: 'object', additionalProperties: { type: 'integer' } }, { accounts: 10, domains: 7 }, told);

/** A JSON object of which nothing more is known. */
export const anyObject = (told: Told & { example: object }): Shape<Readonly<Record<string, unknown>>> =>
  plain({ type: 'object', additionalProperties: true }, {}, told);

export const list = <T>(
  of: Shape<T>,
  { description }: Pick<Told, 'description'> = {},
): Shape<readonly T[]> => ({
  schema: { type: 'array', items: of.schema, ...(description !== undefined && { description }) },
  example: [of.example],
  components: of.components,
});

/** Null as well; the example is null when `example` is. */
export function nullable<T>(
  of: Shape<T>,
  { example = of.example }: { example?: unknown } = {},
): Shape<T | null> {
  const { schema } = of;
  const isPlain = typeof schema.type === 'string';
  return {
    ...of,
    schema: isPlain
      ? {
          ...schema,
          type: [schema.type, 'null'],
          ...(Array.isArray(schema.enum) && { enum: [...schema.enum, null] }),
        }
      : { anyOf: [schema, { type: 'null' }] },
    example,
  };
}

export const optional = <T>(of: Shape<T>): OptionalShape<T> => ({ ...of, isOptional: true });

/** An object without a name of its own. */
export function object<const F extends Fields>(fields: F, { description }: Told = {}): Shape<ObjectOf<F>> {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => !('isOptional' in field)).map(([name]) => name);
  return {
    schema: {
      type: 'object',
      ...(description !== undefined && { description }),
      properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
      required,
    },
    example: Object.fromEntries(entries.map(([name, { example }]) => [name, example])),
    components: Object.assign({}, ...entries.map(([, { components }]) => components)),
  };
}

/** An object that the document keeps under a name, for it is answered in more than one place. */
export function resource<const F extends Fields>(
  name: string,
  fields: F,
  told: Told = {},
): Shape<ObjectOf<F>> {
  const { schema, example, components } = object(fields, told);
  return {
    schema: { $ref: `#/components/schemas/${name}` },
    example,
    components: { ...components, [name]: schema },
  };
}

/** One of several shapes. */
export const either = <T>(...shapes: readonly Shape<T>[]): Shape<T> => ({
  schema: { anyOf: shapes.map(({ schema }) => schema) },
  example: shapes[0]?.example,
  components: Object.assign({}, ...shapes.map(({ components }) => components)),
});

/** A body that is not JSON: an example for each content type that it may have. */
export const content = (contents: Readonly<Record<string, string>>): Shape<string> => ({
  schema: { type: 'string' },
  example: Object.values(contents)[0],
  components: {},
  contents,
});
