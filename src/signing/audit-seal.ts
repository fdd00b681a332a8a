import { createHash, timingSafeEqual } from 'node:crypto';
import type { AuditMac } from '../database/audit-mac.js';
import type { SealedEvent, StoredLink } from '../database/audit-chain.js';
import type { StoredAnchor } from '../database/audit-pruning.js';
import { auditEventText } from '../domain/audit-event-text.js';
import { canonicalJson } from '../domain/canonical-json.js';
import { exactJson } from '../domain/exact-json.js';
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
  const covered = { ...event, mac: event.mac?.toString('hex') ?? null };
  const link = { seq, previous_hash: previousHash.toString('hex'), sealed_at: sealedAt, event: covered };
  return pepper.hash('audit-chain', canonicalJson(link));
}

/** What shows of an event that this service wrote it, until it is sealed: whoever can only write to the database can't make it. */
export const auditMac =
  (pepper: Pepper): AuditMac =>
  (eventText) =>
    pepper.hash('audit-event', eventText);

/** Whether the event is what this service wrote. */
export function isAuthentic(pepper: Pepper, { mac, ...event }: SealedEvent): boolean {
  const details = exactJson(event.details);
  if (mac === null || details === undefined) return false;
  const due = auditMac(pepper)(auditEventText({ ...event, details }));
  return mac.length === due.length && timingSafeEqual(mac, due);
}

/** Whether that is what was hashed into the event when it was written. */
export function matchesPersonal(
  { salt, data }: { readonly salt: Buffer; readonly data: string },
  hash: string | null,
): boolean {
  const told = exactJson(data);
  if (told === undefined) return false;
  return createHash('sha256').update(salt).update(canonicalJson(told)).digest('hex') === hash;
}

/** What shows that this service took what came before from the chain. */
export function anchorMac(
  pepper: Pepper,
  { seq, hash, prunedAt }: Omit<StoredAnchor, 'mac'>,
): KeyHash<'audit-pruned'> {
  return pepper.hash('audit-pruned', canonicalJson({ seq, hash: hash.toString('hex'), pruned_at: prunedAt }));
}

export function isAuthenticAnchor(pepper: Pepper, { mac, ...anchor }: StoredAnchor): boolean {
  const due = anchorMac(pepper, anchor);
  return mac.length === due.length && timingSafeEqual(mac, due);
}
