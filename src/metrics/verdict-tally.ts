import type { CountedVerdict } from '../database/verdict-counts.js';

/** Verdicts in memory until they are written down: one number a day, product, action and code, however many calls. */
export class VerdictTally {
  readonly #counts = new Map<string, CountedVerdict>();

  add(counted: CountedVerdict): void {
    const { day, product, action, code, count } = counted;
    const key = `${day} ${action} ${code} ${product}`;
    const known = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { day, product, action, code, count: known + count });
  }

  /** Hands over all there is and begins anew. */
  take(): CountedVerdict[] {
    const taken = [...this.#counts.values()];
    this.#counts.clear();
    return taken;
  }
}
