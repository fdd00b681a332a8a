const FRESH_MS = 5_000;

/** Names come from outside; so many are kept. */
const MOST_KEPT = 100;

interface Kept<T> {
  readonly at: number;
  readonly answer: Promise<T>;
}

/** Answers that may be some seconds old, of this process: who asks meanwhile shares the one that is made. */
export class Recent<T> {
  readonly #kept = new Map<string, Kept<T>>();

  /** A failure is told to those who waited for it, and is not kept. */
  get(name: string, now: Date, make: () => Promise<T>): Promise<T> {
    const at = now.getTime();
    const found = this.#kept.get(name);
    if (found !== undefined && Math.abs(at - found.at) < FRESH_MS) return found.answer;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    const kept: Kept<T> = { at, answer: make() };
    this.#kept.set(name, kept);
    kept.answer.catch(() => {
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
    });
    return kept.answer;
  }
}
