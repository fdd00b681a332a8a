import { createHash } from 'node:crypto';
import type { SealedEvent, StoredLink } from '../database/audit-chain.js';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import type { KeyHash, Pepper } from './data-keys.js';

/**
 * The hash of a link: over its place, the link before it and the whole event. It is keyed, so that whoever can only
 * write to the database can't make one that fits.
 */
export function sealHash(
  pepper: Pepper,
  { seq, previousHash, sealedAt }: Pick<StoredLink, 'seq' | 'previousHash' | 'sealedAt'>,
  event: SealedEvent,
): KeyHash<'audit-chain'> {
  const link = { seq, previous_hash: previousHash.toString('hex'), sealed_at: sealedAt, event: { ...event } };
  return pepper.hash('audit-chain', canonicalJson(link));
}

/** Whether that is what was hashed into the event when it was written. */
export function matchesPersonal(
  { salt, data }: { readonly salt: Buffer; readonly data: Json },
  hash: string | null,
): boolean {
  return createHash('sha256').update(salt).update(canonicalJson(data)).digest('hex') === hash;
}
