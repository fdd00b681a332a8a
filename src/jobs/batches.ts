/**
 * Deletes batch after batch until one is not full. A service that stops does not wait for the rest, which has its turn the
 * next time.
 */
export async function inBatches(
  size: number,
  deleteSome: (limit: number) => Promise<number>,
  stopping?: AbortSignal,
): Promise<void> {
  for (;;) {
    if (stopping?.aborted || (await deleteSome(size)) < size) return;
  }
}
