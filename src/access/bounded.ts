import { unavailable } from '../http/errors.js';

export interface Bounds {
  /** How many run at a time. */
  readonly running: number;
  /** How many may wait behind them; one more is refused, for its caller would have left before its turn came. */
  readonly waiting: number;
}

/** Runs work a few at a time, first come, first served. */
export class Bounded {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly bounds: Bounds) {}

  /** @throws ApiError 503 when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.bounds.running) this.#running++;
    else await this.#turn();
    try {
      return await work();
    } finally {
      // A turn is handed on rather than given back: a newcomer could take it in between, and one too many would run.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.bounds.waiting) throw unavailable();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
