import { planeOf, type Plane } from '../../src/http/planes.js';

/** A schema of the API's own document, as far as the tests read it; `nullable` where null is allowed, too. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
}

/** A route as the document tells of it. */
export interface Operation {
  /** `POST /license/activate`: the name under which tests know it. */
  readonly name: string;
  readonly method: string;
  /** With /api/v1, and with names in braces. */
  readonly path: string;
  readonly plane: Plane;
  readonly pathParams: readonly string[];
  readonly queryParams: readonly { readonly name: string; readonly schema: Schema }[];
  /** The fields of its JSON body; null where it takes none. */
  readonly body: Schema | null;
  /** Whether it takes raw bytes. */
  readonly takesBytes: boolean;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

/** Replaces every reference by what it names, at whatever depth. */
function resolved(value: unknown, document: any): any {
  if (Array.isArray(value)) return value.map((item) => resolved(item, document));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, anyOf, type, ...rest } = value as { $ref?: string; anyOf?: unknown[]; type?: unknown };
  const inner = Object.fromEntries(
    Object.entries(rest).map(([key, each]) => [key, resolved(each, document)]),
  );
  if ($ref !== undefined)
    return { ...resolved(document.components.schemas[$ref.split('/').at(-1) ?? ''], document), ...inner };
  // What may be null as well is something else and null.
  if (anyOf !== undefined) return { ...resolved(anyOf[0], document), ...inner, nullable: true };
  if (Array.isArray(type)) return { ...inner, type: type[0], nullable: true };
  // A field may be called `type`.
  return type === undefined ? inner : { ...inner, type: resolved(type, document) };
}

/** Every operation under /api/v1. */
export function operationsOf(document: any): Operation[] {
  const entries = Object.entries<Record<string, any>>(document.paths).filter(([path]) =>
    path.startsWith('/api/v1/'),
  );
  return entries.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const parameters: Parameter[] = resolved(operation.parameters ?? [], document);
      const content = operation.requestBody?.content ?? {};
      const named = (place: string) => parameters.filter((parameter) => parameter.in === place);
      return {
        name: `${method.toUpperCase()} ${path.replace('/api/v1', '')}`,
        method: method.toUpperCase(),
        path,
        plane: planeOf(path),
        pathParams: named('path').map(({ name }) => name),
        queryParams: named('query'),
        body: content['application/json'] ? resolved(content['application/json'].schema, document) : null,
        takesBytes: 'application/octet-stream' in content,
      };
    }),
  );
}
