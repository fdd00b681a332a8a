import { areRangesWithin } from '../../access/address-list.js';
import type { ApiKey } from '../../database/entities/index.js';
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

/** What holds a key in, beside its permissions. */
export type KeyLimits = Pick<ApiKey, 'expiresAt' | 'ipWhitelist' | 'rateLimit'>;

/**
 * The first limit of its holder that another key would be without, in words; null when it has them all. Without this, a key
 * that is to end tomorrow could make itself one that doesn't. The configured rate counts as higher than any of a key's own.
 */
export function firstLimitLifted(held: KeyLimits, wanted: KeyLimits): string | null {
  const { expiresAt: end, ipWhitelist: ranges, rateLimit: rate } = held;
  if (end !== null && (wanted.expiresAt === null || wanted.expiresAt > end)) {
    return 'a later end than its own';
  }
  if (
    ranges.length > 0 &&
    (wanted.ipWhitelist.length === 0 || !areRangesWithin(wanted.ipWhitelist, ranges))
  ) {
    return 'addresses beyond its own';
  }
  return rate !== null && (wanted.rateLimit === null || wanted.rateLimit > rate)
    ? 'a higher rate limit than its own'
    : null;
}
