/** Rows of one statement; more would be under way for too long. */
const BATCH = 2_000;

/**
 * Deletes batch after batch until one is not full. A service that stops does not wait for the rest, which has its turn the
 * next time.
 */
export async function inBatches(
  deleteSome: (limit: number) => Promise<number>,
  stopping?: AbortSignal,
): Promise<void> {
  for (;;) {
    if (stopping?.aborted || (await deleteSome(BATCH)) < BATCH) return;
  }
}
