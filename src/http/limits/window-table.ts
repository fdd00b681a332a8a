import { hash, randomBytes } from 'node:crypto';

/** A window that has begun and is not over. */
export interface Window {
  readonly count: number;
  readonly restMs: number;
}

/** The words of a slot: 64 bits of a key's hash, when its window ends, and how often it was counted. */
const LOW = 0;
const HIGH = 1;
const END = 2;
const COUNT = 3;
const SLOT = 4;

/** The slots of a bucket are found in blocks of eight, each of which names the next. */
const BLOCK = 8 * SLOT;

export interface TableSize {
  readonly buckets: number;
  /** Each bucket has one; the others are handed out as buckets fill. */
  readonly blocks: number;
}

/**
 * Two million slots in 34 MB. 10,000 calls a second, each with a key and an address that no other has, begin 1.2 million
 * windows in a minute. The system gives the memory when it is first written to: a few busy keys take next to nothing.
 */
const SIZE: TableSize = { buckets: 65_536, blocks: 262_144 };

/** Ends are kept in 32 bits, as milliseconds since an origin that moves before they run out. */
const ORIGIN_MOVES_AFTER_MS = 2 ** 31;

/**
 * Counts in windows of fixed length, for as many keys as there are panels, in one piece of memory: no object and no timer
 * for a key, and nothing that is copied as the table fills. A slot whose window is over is taken by the next new key of
 * its bucket.
 *
 * A key is known by its bucket and 64 bits of a hash into which a secret of this process goes, so that nobody can look
 * for keys that share a count or a bucket. By chance two do once in ages.
 *
 * When every block is handed out and a bucket has only running windows, a new one takes the place of the least counted
 * among them, and of several of the one that ends first. No request fails for it: at worst a key is counted from 1
 * again. Whoever floods the table so throws out his own keys, each counted a few times. A window that stands at its limit
 * gives way only to a bucket full of windows that were counted as often, and to fill the buckets so takes the limit
 * times two million requests within one window.
 *
 * `now` is in whole milliseconds and never goes back.
 */
export class WindowTable {
  private readonly secret = randomBytes(32).toString('hex');
  private readonly words: Uint32Array;
  /** By block: the next one of its bucket, 0 for none. */
  private readonly next: Uint32Array;
  private handedOut: number;

  constructor(
    private origin: number,
    private readonly size = SIZE,
  ) {
    this.words = new Uint32Array(size.blocks * BLOCK);
    this.next = new Uint32Array(size.blocks);
    this.handedOut = size.buckets;
  }

  /** Counts one more; a window begins at its first. */
  hit(key: string, windowMs: number, now: number): Window {
    if (now - this.origin >= ORIGIN_MOVES_AFTER_MS) this.moveOrigin(now);
    const time = now - this.origin;
    const [bucket, low, high] = this.hashOf(key);
    let at = this.find(bucket, low, high);
    if (at === null) {
      at = this.place(bucket, time);
      this.words[at + LOW] = low;
      this.words[at + HIGH] = high;
    } else if (this.word(at + END) > time) {
      const count = this.word(at + COUNT) + 1;
      this.words[at + COUNT] = count;
      return { count, restMs: this.word(at + END) - time };
    }
    this.words[at + END] = time + windowMs;
    this.words[at + COUNT] = 1;
    return { count: 1, restMs: windowMs };
  }

  /** The window as it stands; null when none has begun or it is over. */
  peek(key: string, now: number): Window | null {
    const [bucket, low, high] = this.hashOf(key);
    const at = this.find(bucket, low, high);
    if (at === null) return null;
    const restMs = this.word(at + END) - (now - this.origin);
    return restMs > 0 ? { count: this.word(at + COUNT), restMs } : null;
  }

  private hashOf(key: string): readonly [bucket: number, low: number, high: number] {
    const digest = hash('sha256', this.secret + key);
    const bits = (from: number) => Number.parseInt(digest.slice(from, from + 8), 16);
    return [bits(0) % this.size.buckets, bits(8), bits(16)];
  }

  private word(at: number): number {
    return this.words[at] as number;
  }

  private find(bucket: number, low: number, high: number): number | null {
    const { words } = this;
    let block = bucket;
    do {
      for (let at = block * BLOCK; at < (block + 1) * BLOCK; at += SLOT) {
        if (words[at + LOW] === low && words[at + HIGH] === high) return at;
      }
      block = this.next[block] as number;
    } while (block !== 0);
    return null;
  }

  /** A slot for a new window: one whose own is over, or of a further block, or that of the window that can best be spared. */
  private place(bucket: number, time: number): number {
    let spared = bucket * BLOCK;
    let last = bucket;
    for (let block = bucket; ; block = this.next[block] as number) {
      for (let at = block * BLOCK; at < (block + 1) * BLOCK; at += SLOT) {
        if (this.word(at + END) <= time) return at;
        const more = this.word(at + COUNT) - this.word(spared + COUNT);
        if (more < 0 || (more === 0 && this.word(at + END) < this.word(spared + END))) spared = at;
      }
      last = block;
      if (this.next[block] === 0) break;
    }
    if (this.handedOut === this.size.blocks) return spared;
    this.next[last] = this.handedOut;
    return this.handedOut++ * BLOCK;
  }

  private moveOrigin(now: number): void {
    const passed = now - this.origin;
    for (let at = 0; at < this.handedOut * BLOCK; at += SLOT) {
      this.words[at + END] = Math.max(0, this.word(at + END) - passed);
    }
    this.origin = now;
  }
}
