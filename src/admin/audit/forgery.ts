import type { SealedEvent, StoredHead } from '../../database/audit-chain.js';
import { isAuthentic } from '../../signing/audit-seal.js';
import type { Pepper } from '../../signing/data-keys.js';

/**
 * Tells, of events in the order in which they would be sealed behind that head, which ones this service did not write:
 * `changed` with a mark that does not fit, `inserted` without one; null for what may be sealed. Events from before there
 * was a mark have none, and no chain: they come first in one, before every event with a mark, or never.
 */
export function forgeryJudge(
  pepper: Pepper,
  head: Pick<StoredHead, 'isOld'> | null,
): (event: SealedEvent) => 'changed' | 'inserted' | null {
  let mayBeOld = head === null || head.isOld;
  return (event) => {
    if (event.mac === null) return mayBeOld ? null : 'inserted';
    if (!isAuthentic(pepper, event)) return 'changed';
    mayBeOld = false;
    return null;
  };
}
