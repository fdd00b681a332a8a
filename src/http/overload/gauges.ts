import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { QueueSample } from '../../domain/overload.js';

/** How finely the event loop is watched. An idle process wakes up as often. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1_000_000;

/** Counts who is served of a queue whose length somebody else knows. */
export class QueueGauge {
  #served = 0;
  /** Null while the queue moves. */
  #stuckMs: number | null = null;

  served(): void {
    this.#served++;
  }

  /** What happened since the last call. */
  take(waiting: number, elapsedMs: number): QueueSample {
    const served = this.#served;
    this.#served = 0;
    const isStuck = waiting > 0 && served === 0;
    // Whoever is seen for the first time may have come a moment ago.
    this.#stuckMs = isStuck ? (this.#stuckMs === null ? 0 : this.#stuckMs + elapsedMs) : null;
    return { waiting, served, elapsedMs, stuckMs: this.#stuckMs ?? 0 };
  }
}

/**
 * How long the event loop keeps waiting whatever is due. The mean over all its turns, which one long pause hardly moves:
 * there is a queue where every turn is long.
 */
export class LoopGauge {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** The mean since the last call. */
  take(elapsedMs: number): number {
    const { count, mean } = this.#histogram;
    this.#histogram.reset();
    return count === 0 ? elapsedMs : Math.max(0, mean / NS_PER_MS - RESOLUTION_MS);
  }

  stop(): void {
    this.#histogram.disable();
  }
}
