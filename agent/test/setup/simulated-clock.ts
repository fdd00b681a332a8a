import type { SettableClock } from '../../../test/setup/clock.js';
import type { Clock } from '../../src/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * The service's own clock for an agent: it stands still until it is moved, and then wakes whoever slept long enough. It may
 * be wrong by `offsetMs`, which sleepers do not feel.
 */
export class SimulatedClock implements Clock {
  offsetMs = 0;
  readonly #service: SettableClock;
  readonly #sleepers = new Set<Sleeper>();

  constructor(service: SettableClock) {
    this.#service = service;
  }

  /** Whether somebody sleeps by it, and so has done what there was to do. */
  get isSleptBy(): boolean {
    return this.#sleepers.size > 0;
  }

  now(): Date {
    return new Date(this.#service.now().getTime() + this.offsetMs);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (milliseconds <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = {
        until: this.#service.now().getTime() + milliseconds,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake);
    });
  }

  advance(by: Parameters<SettableClock['advance']>[0]): void {
    this.#service.advance(by);
    this.#wake();
  }

  set(time: Date | string): void {
    this.#service.set(time);
    this.#wake();
  }

  #wake(): void {
    const now = this.#service.now().getTime();
    for (const sleeper of this.#sleepers) if (sleeper.until <= now) sleeper.wake();
  }
}
