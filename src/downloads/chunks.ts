/** Bytes: a file of ordinary size in one read and one write, each of which is a detour over another thread. */
const LARGE = 1024 * 1024;
const LARGE_ONES = 16;

/** Bytes. */
const SMALL = 128 * 1024;

/**
 * Buffers that files are read into. The large ones are used over and over: the kernel clears fresh memory page by page,
 * which costs as much as the read itself. There are only so many; whoever comes later does with small ones, so that
 * a hundred clients that crawl cost some 30 MB, and a thousand no more than with streams of Node's own.
 */
export class Chunks {
  private readonly free: Buffer[] = [];
  private large = 0;

  /** Nobody should hold a second one then. */
  get areScarce(): boolean {
    return this.large >= LARGE_ONES;
  }

  take(): Buffer {
    if (this.areScarce) return Buffer.allocUnsafeSlow(SMALL);
    this.large += 1;
    return this.free.pop() ?? Buffer.allocUnsafeSlow(LARGE);
  }

  /** Takes back what nobody reads or writes any more. */
  giveBack(chunk: Buffer): void {
    if (chunk.length < LARGE) return;
    this.large -= 1;
    this.free.push(chunk);
  }

  /** Another may take the place of one that a read or a write under way can still touch. */
  forget(chunk: Buffer): void {
    if (chunk.length === LARGE) this.large -= 1;
  }
}
