import { hash } from 'node:crypto';
import { isRecord } from './checks.js';

/**
 * Members of a resource that are no part of its version: secrets that one answer shows and the next one masks, and what
 * changes without an admin. Were they, nobody could ever change a license that is in use, or the address of a receiver
 * that fails.
 */
const NOT_PART_OF_IT: ReadonlySet<string> = new Set([
  'key',
  'secret',
  'activations',
  'licenses',
  'seats',
  'last_used_at',
  'failing_since',
  'previous_secret_until',
]);

/** The entity tag of a resource as an admin sees it, quotes included; null for what is no resource. */
export function etagOf(resource: unknown): string | null {
  if (!isRecord(resource) || typeof resource.id !== 'string') return null;
  const lasting = Object.entries(resource).filter(([name]) => !NOT_PART_OF_IT.has(name));
  return `"${hash('sha256', JSON.stringify(lasting), 'base64url').slice(0, 27)}"`;
}

/** Whether an `If-Match` header names the tag, or by `*` whatever there is. A weak tag never matches: RFC 9110, 13.1.1. */
export function isMatched(ifMatch: string, etag: string): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}
