import { loadCounted } from '../../database/figures-counted.js';
import type { ListRun } from '../../database/statements.js';

/** So many licenses and seats are counted in some hundredths of a second: whoever asks is told how it is now. */
const COUNTED_AT_ONCE = 50_000;

/**
 * When the figures were counted that are to be told; null where they are few enough to be counted anew. Ask before they are
 * read: then they are never older than is said of them.
 */
export async function keptSince(run: ListRun): Promise<Date | null> {
  const counted = await loadCounted(run);
  return counted === null || counted.rows < COUNTED_AT_ONCE ? null : counted.at;
}
