import { permits, RESOURCES, type AccessKind, type Resource } from '../../http/access.js';

const SCOPES: ReadonlyMap<string, { readonly resource: Resource; readonly kind: AccessKind }> = new Map(
  RESOURCES.flatMap((resource) =>
    (['read', 'write'] as const).map((kind) => [`${resource}:${kind}`, { resource, kind }] as const),
  ),
);

/** Everything that a key can be permitted. */
export const PERMISSIONS: readonly string[] = ['all', 'read', ...SCOPES.keys()];

function holds(held: readonly string[], permission: string): boolean {
  if (held.includes('all') || held.includes(permission)) return true;
  // 'read' reaches resources that are yet to come, so that no list of scopes adds up to it.
  const scope = SCOPES.get(permission);
  return scope !== undefined && permits(held, scope.resource, scope.kind);
}

/**
 * The first permission that its holder may not hand on, because it reaches further than what is held; null when there is none.
 * Without this, a key that may only manage keys could make itself one that may do everything.
 */
export function firstNotHeld(held: readonly string[], wanted: readonly string[]): string | null {
  return wanted.find((permission) => !holds(held, permission)) ?? null;
}
