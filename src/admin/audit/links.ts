import type { LinkFacts } from '../../database/audit-chain.js';
import { loadAnchor, type StoredAnchor } from '../../database/audit-pruning.js';
import type { Run } from '../../database/statements.js';
import { BEGINNING, type ChainLink, type JudgedLink } from '../../domain/audit-chain.js';
import { isAuthenticAnchor, matchesPersonal, sealHash } from '../../signing/audit-seal.js';
import type { Pepper } from '../../signing/data-keys.js';

/** A link as the rules judge it: with what its event gives now. */
export function recompute(pepper: Pepper, link: LinkFacts): ChainLink {
  const { seq, eventId, previousHash, hash, event, personal } = link;
  return {
    seq,
    eventId,
    previousHash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
    recomputed: event && sealHash(pepper, link, event).toString('hex'),
    personalMatches: personal && event && matchesPersonal(personal, event.personal_hash),
  };
}

/** Where the chain begins: at its beginning, or behind what was pruned. */
export interface ChainStart {
  readonly before: JudgedLink;
  /** What the table says, be it true or not. */
  readonly stored: StoredAnchor | null;
  /** False when it says what this service did not write: then nothing of it is believed. */
  readonly isAuthentic: boolean;
}

export async function loadStart(run: Run, pepper: Pepper): Promise<ChainStart> {
  const stored = await loadAnchor(run);
  if (stored === null) return { before: BEGINNING, stored, isAuthentic: true };
  if (!isAuthenticAnchor(pepper, stored)) return { before: BEGINNING, stored, isAuthentic: false };
  const before = { seq: stored.seq, hash: stored.hash.toString('hex'), eventId: null, isIntact: true };
  return { before, stored, isAuthentic: true };
}
