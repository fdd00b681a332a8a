import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** What an API key can be scoped to; `<resource>:read` or `<resource>:write` in its permissions. */
export const RESOURCES = [
  'products',
  'policies',
  'customers',
  'licenses',
  'versions',
  'blocklist',
  'api-keys',
  'users',
  'webhooks',
  'audit',
  'stats',
  'import',
  'export',
  'downloads',
  'sso',
] as const;
export type Resource = (typeof RESOURCES)[number];

export type AccessKind = 'read' | 'write';

export interface RequiredAccess {
  readonly resource: Resource;
  /** Absent: GET and HEAD read, everything else writes. */
  readonly kind?: AccessKind;
}

/** What a call requires, all of it; a refusal names the first that is missing. */
export type RequiredAccesses = readonly RequiredAccess[];

export const ACCESS = 'mooring:access';

/** The same for the API's document. */
export const PERMISSION = 'x-permission';

/**
 * Names the resource that a controller or a handler of the admin plane guards; the handler's wins. A route that reaches
 * into several names each with what it does there: `{ customers: 'read', users: 'read' }`.
 * A route of that plane without it is refused, so that forgetting it closes a door instead of opening one.
 */
export function Requires(resource: Resource, kind?: AccessKind): ClassDecorator & MethodDecorator;
export function Requires(each: Partial<Record<Resource, AccessKind>>): ClassDecorator & MethodDecorator;
export function Requires(what: Resource | Partial<Record<Resource, AccessKind>>, kind?: AccessKind) {
  const required: RequiredAccesses =
    typeof what === 'string'
      ? [{ resource: what, kind }]
      : (Object.keys(what) as Resource[]).map((resource) => ({ resource, kind: what[resource] }));
  return applyDecorators(SetMetadata(ACCESS, required), ApiExtension(PERMISSION, required));
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** What a call of a method does to what it requires. */
export const kindOfAccess = ({ kind }: RequiredAccess, method: string): AccessKind =>
  kind ?? (READING.has(method) ? 'read' : 'write');

/** Whether the permissions reach that far: `all` does, `read` reads everything, writing a resource includes reading it. */
export function permits(permissions: readonly string[], resource: Resource, kind: AccessKind): boolean {
  return (
    permissions.includes('all') ||
    permissions.includes(`${resource}:write`) ||
    (kind === 'read' && (permissions.includes('read') || permissions.includes(`${resource}:read`)))
  );
}
