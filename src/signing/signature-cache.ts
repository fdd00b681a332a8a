import { hash } from 'node:crypto';

const TAG_WORDS = 4;
const SIGNATURE_BYTES = 64;

/** So many stand side by side where a text may lie: two that meet there need not drive each other out. */
const WAYS = 4;

/**
 * Signatures of texts that were signed before. A lease that is asked for again within its hour says the same and is signed
 * to the same bytes; making them takes twenty times as long as finding them. It answers for a text and the key that signed
 * it, never for whether it may be signed. Its memory is taken once: 80 bytes a signature, outside of the collected heap.
 */
export class SignatureCache {
  readonly #buckets: number;
  readonly #tags: Uint32Array;
  readonly #signatures: Buffer;
  #next = 0;

  /** Room for `size` signatures, a power of two. */
  constructor(size: number) {
    this.#buckets = size / WAYS;
    this.#tags = new Uint32Array(size * TAG_WORDS);
    this.#signatures = Buffer.alloc(size * SIGNATURE_BYTES);
  }

  /** The Ed25519 signature of `text` by the key `kid`, made by `sign` unless it is remembered. In base64url. */
  signatureOf(kid: string, text: string, sign: () => Buffer): string {
    // 128 bits of a SHA-256: two texts with the same would have to be sought for 2^64 tries, and nobody chooses the texts.
    const digest = hash('sha256', `${kid}\0${text}`, 'buffer');
    const tag = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at));
    const first = (digest.readUInt32LE(16) % this.#buckets) * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (this.#holds(entry, tag)) return this.#read(entry);
    }
    const signature = sign();
    this.#write(first + this.#next, tag, signature);
    this.#next = (this.#next + 1) % WAYS;
    return signature.toString('base64url');
  }

  #holds(entry: number, tag: readonly number[]): boolean {
    return tag.every((word, index) => this.#tags[entry * TAG_WORDS + index] === word);
  }

  #read(entry: number): string {
    const at = entry * SIGNATURE_BYTES;
    return this.#signatures.toString('base64url', at, at + SIGNATURE_BYTES);
  }

  #write(entry: number, tag: readonly number[], signature: Buffer): void {
    this.#tags.set(tag, entry * TAG_WORDS);
    signature.copy(this.#signatures, entry * SIGNATURE_BYTES);
  }
}
