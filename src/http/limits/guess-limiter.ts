import { Injectable } from '@nestjs/common';
import type { Hit } from './limit-store.js';
import { Limits } from './limits.js';

const secondsOver = (hit: Hit): number => (hit.allowed ? 0 : hit.retryAfter);

/**
 * Unknown license keys by address, counted on the license and the download plane together. Who may pass all the same
 * is decided by the caller, who knows whether a key and its hardware hold a seat.
 */
@Injectable()
export class GuessLimiter {
  constructor(private readonly limits: Limits) {}

  /** Seconds for which the address is blocked; 0 while it has not shown more unknown keys than it may. */
  async blocked(address: string): Promise<number> {
    return secondsOver(await this.limits.peek('unknownKeys', address));
  }

  /** Counts an unknown key. 0 when it may be answered, otherwise the seconds until the next one may. */
  async count(address: string): Promise<number> {
    return secondsOver(await this.limits.hit('unknownKeys', address));
  }
}
