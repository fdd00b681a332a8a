import type { ThrottlerStorage } from '@nestjs/throttler';
import type { LimitStore } from './limit-store.js';

/** The counts of @nestjs/throttler's guards, kept where all other counts are. */
export class LimitThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly store: LimitStore) {}

  /**
   * `ttl` in milliseconds, the answer in seconds, as the library has it. Its `blockDuration` is not heard: a caller who
   * went on would never come out of a block that is renewed, and a window ends when it ends.
   */
  async increment(key: string, ttl: number, limit: number, _blockDuration: number, name: string) {
    const hit = await this.store.hit(name, key, limit, ttl / 1_000);
    return {
      totalHits: hit.count,
      timeToExpire: hit.retryAfter,
      isBlocked: !hit.allowed,
      timeToBlockExpire: hit.retryAfter,
    };
  }
}
