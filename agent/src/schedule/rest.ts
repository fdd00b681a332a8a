import type { Clock } from '../clock.js';

/** A clock that goes on by so much more, or less, than was slept was set, or the machine was asleep. */
export const JUMP_MS = 60_000;

export type RestEnd = 'over' | 'ended' | 'changed' | 'jumped' | 'aborted';

/** A wait in slices, that looks at the clock and at the world after each of them. */
export class Rest {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  #slice: AbortController | null = null;
  #isEnded = false;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
  }

  /** Ends the rest that is taken, or the next one where none is. */
  end(): void {
    this.#isEnded = true;
    this.#slice?.abort();
  }

  async take(
    milliseconds: number,
    signal: AbortSignal,
    hasChanged: () => Promise<boolean>,
  ): Promise<RestEnd> {
    const until = this.#now() + milliseconds;
    while (!signal.aborted) {
      if (this.#isEnded) {
        this.#isEnded = false;
        return 'ended';
      }
      const before = this.#now();
      if (before >= until) return 'over';
      const sliceMs = Math.min(until - before, this.#sliceMs);
      await this.#sleep(sliceMs, signal);
      const passed = this.#now() - before;
      if (passed > sliceMs + JUMP_MS || passed < -JUMP_MS) return 'jumped';
      if (await hasChanged()) return 'changed';
    }
    return 'aborted';
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    const slice = new AbortController();
    const stop = () => slice.abort();
    signal.addEventListener('abort', stop);
    this.#slice = slice;
    try {
      await this.#clock.sleep(milliseconds, slice.signal);
    } finally {
      this.#slice = null;
      signal.removeEventListener('abort', stop);
    }
  }
}
