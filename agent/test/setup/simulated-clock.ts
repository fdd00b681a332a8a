import { EventEmitter, once } from 'node:events';
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
  readonly #bell = new EventEmitter<{ asleep: [] }>();

  constructor(service: SettableClock) {
    this.#service = service;
  }

  /** Until somebody sleeps by it, and so has done what there was to do. It is told: a look now and then would cost more. */
  async sleptBy(signal: AbortSignal): Promise<void> {
    if (this.#sleepers.size === 0) await once(this.#bell, 'asleep', { signal });
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
      this.#bell.emit('asleep');
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
