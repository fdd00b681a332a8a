import { CALL, type CallFacts } from '../http/api-doc.js';
import {
  kindOfAccess,
  PERMISSION,
  type AccessKind,
  type RequiredAccesses,
  type Resource,
} from '../http/access.js';
import { apiSegmentOf, countedSegmentOf, planeOf, type Plane } from '../http/planes.js';
import type { JsonSchema } from '../http/shapes.js';

/** An operation as Nest's own module has found it. Schemas there are OpenAPI 3.1 but for `example`. */
export interface FoundOperation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly FoundParameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly [CALL]?: CallFacts;
  readonly [PERMISSION]?: RequiredAccesses;
}

export interface FoundParameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema?: JsonSchema;
}

/** A route with everything about it that decides what it may answer. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly plane: Plane;
  /** The first segment behind /api/v1; null for what lies beside the API. */
  readonly segment: string | null;
  /** The segment by whose limits it is counted. */
  readonly countedAs: string | null;
  readonly found: FoundOperation;
  /** What its decorator says; null without one, which a test finds. */
  readonly facts: CallFacts | null;
  readonly takesJson: boolean;
  readonly takesBytes: boolean;
  readonly pathParameters: readonly string[];
  /** What an API key must hold, all of it; null where none is asked for. */
  readonly permissions: readonly { readonly resource: Resource; readonly kind: AccessKind }[] | null;
  /** Whether it may be sent again under an Idempotency-Key, and held to a version by If-Match. */
  readonly isRepeatable: boolean;
  readonly isConditional: boolean;
}

/** The calls of a document. A change can be held to the version that `GET` of the same path answers. */
export function callsOf(paths: Readonly<Record<string, Readonly<Record<string, FoundOperation>>>>): Call[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, found]) => callOf(method, path, found, 'get' in methods)),
  );
}

function callOf(method: string, path: string, found: FoundOperation, isReadable: boolean): Call {
  const content = Object.keys(found.requestBody?.content ?? {});
  const permissions =
    found[PERMISSION]?.map((required) => ({
      resource: required.resource,
      kind: kindOfAccess(required, method.toUpperCase()),
    })) ?? null;
  const takesBytes = content.some((type) => type !== 'application/json');
  const pathParameters = (found.parameters ?? [])
    .filter((each) => each.in === 'path')
    .map(({ name }) => name);
  return {
    method,
    path,
    plane: planeOf(path),
    segment: apiSegmentOf(path),
    countedAs: countedSegmentOf(path),
    found,
    facts: found[CALL] ?? null,
    takesJson: content.includes('application/json'),
    takesBytes,
    pathParameters,
    permissions,
    isRepeatable: permissions !== null && permissions.some(({ kind }) => kind === 'write') && !takesBytes,
    isConditional:
      permissions !== null &&
      isReadable &&
      path.endsWith('/{id}') &&
      (method === 'patch' || method === 'delete'),
  };
}

type Credentials = readonly Readonly<Record<string, readonly string[]>>[];

/** A session comes as a bearer token or, in a browser that an SSO link has led here, as a cookie. */
export function credentialsOf({ plane, segment, found }: Call): Credentials {
  const schemes: Credentials =
    plane === 'admin' ? [{ admin_key: [] }, { bearer: [] }] : (found.security ?? []);
  const takesSession = segment !== null && schemes.some((each) => 'bearer' in each);
  return takesSession ? [...schemes, { session_cookie: [] }] : schemes;
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const singular = (text: string): string => text.replace(/ies$/, 'y').replace(/s$/, '');

/**
 * What a path parameter is the id of: `:id` of the segment before it, anything else of its own name.
 * `/licenses/:id/activations/:activation_id` has a license and an activation.
 */
export function namedBy({ path }: Pick<Call, 'path'>, parameter: string): string {
  const before = path.split('/').at(path.split('/').indexOf(`{${parameter}}`) - 1) ?? '';
  const words = (parameter === 'id' ? singular(before) : parameter.replace(/_id$/, '')).split(/[-_]/);
  return capitalized(words.join(' '));
}

/** The name of an example's id: `API key` is `ApiKey`. */
export const exampleNameOf = (call: Pick<Call, 'path'>, parameter: string): string =>
  namedBy(call, parameter).split(' ').map(capitalized).join('');
