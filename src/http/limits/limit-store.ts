import { hash } from 'node:crypto';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.js';
import { reasonOf, redisClient } from './redis.js';
import { WindowTable, type Window } from './window-table.js';

/** Where a window stands. */
export interface Hit {
  /** False once more was counted than the limit. */
  readonly allowed: boolean;
  readonly limit: number;
  /** Counted in this window, the call that asked included. */
  readonly count: number;
  readonly remaining: number;
  /** The window's end in Unix seconds, rounded up. */
  readonly resetAt: number;
  /** Seconds until then, at least 1. */
  readonly retryAfter: number;
}

interface StoreOptions {
  /** Null counts in this process; otherwise every node with the same Redis counts together. */
  readonly redisUrl: string | null;
  /** How long Redis may take for one count, unless its usual time is right. */
  readonly answerWithinMs?: number;
  readonly clock: Clock;
  readonly log: { log(message: string): void; warn(message: string): void };
}

/**
 * The library's own judgement is not used: it compares with `points`, of which a limiter has one, while limits here
 * differ by key. Counts are read and compared in `toHit`. The duration is given with every count as well.
 */
const LIMITER = { keyPrefix: 'mooring:limit', points: Number.MAX_SAFE_INTEGER, duration: 60 };

/** Of this process's own windows: a clock that is set neither ends nor prolongs one. */
const elapsedMs = (): number => Math.floor(performance.now());

/**
 * Counts requests in windows of fixed length that start at their first request. Redis that is slow, away or refuses
 * never fails a request: this process then counts by itself until Redis is back.
 */
export class LimitStore {
  private readonly clock: Clock;
  private readonly log: StoreOptions['log'];
  private readonly redis: Redis | null;
  /** Counts in this process. */
  private readonly own = new WindowTable(elapsedMs());
  /** Counts in Redis; null without one. */
  private readonly shared: RateLimiterRedis | null;
  private redisIsAway = false;

  constructor({ redisUrl, answerWithinMs, clock, log }: StoreOptions) {
    this.clock = clock;
    this.log = log;
    this.redis = redisUrl === null ? null : redisClient(redisUrl, answerWithinMs);
    this.shared = this.redis === null ? null : new RateLimiterRedis({ ...LIMITER, storeClient: this.redis });
    this.redis?.on('error', (error) => this.noteAway(reasonOf(error)));
    this.redis?.on('ready', () => this.noteBack());
  }

  /** Connects to Redis, if there is one. A Redis that cannot be reached is warned of and tried again later. */
  async start(): Promise<void> {
    await this.redis?.connect().catch((error: unknown) => this.noteAway(reasonOf(error)));
  }

  async stop(): Promise<void> {
    this.redis?.disconnect();
  }

  /** Counts one request. `key` may be anything: only its hash is kept. */
  async hit(name: string, key: string, limit: number, windowSeconds: number): Promise<Hit> {
    const here = () => this.own.hit(`${name}\0${key}`, windowSeconds * 1_000, elapsedMs());
    const { shared } = this;
    if (shared === null) return this.toHit(here(), limit, windowSeconds);
    const there = async () => {
      const counted = await shared.penalty(sharedKey(name, key), 1, { customDuration: windowSeconds });
      // A count alone shows it: a Redis that may not write, as after a failed save, can still be read.
      this.noteBack();
      return counted;
    };
    return this.toHit(await this.orHere(there, here), limit, windowSeconds);
  }

  /** Reads a window without counting; one that has not started stands at 0. */
  async peek(name: string, key: string, limit: number, windowSeconds: number): Promise<Hit> {
    const here = () => this.own.peek(`${name}\0${key}`, elapsedMs());
    const { shared } = this;
    if (shared === null) return this.toHit(here(), limit, windowSeconds);
    return this.toHit(await this.orHere(() => shared.get(sharedKey(name, key)), here), limit, windowSeconds);
  }

  private toHit(window: Window | null, limit: number, windowSeconds: number): Hit {
    const { count, restMs } = window ?? { count: 0, restMs: windowSeconds * 1_000 };
    return {
      allowed: count <= limit,
      limit,
      count,
      remaining: Math.max(0, limit - count),
      resetAt: Math.ceil((this.clock.now().getTime() + restMs) / 1_000),
      retryAfter: Math.max(1, Math.ceil(restMs / 1_000)),
    };
  }

  /** Asks Redis, and this process where that fails. */
  private async orHere(
    there: () => Promise<RateLimiterRes | null>,
    here: () => Window | null,
  ): Promise<Window | null> {
    try {
      const state = await there();
      // Redis may tell of a window in the moment in which it ends.
      if (state === null || state.msBeforeNext <= 0) return null;
      return { count: state.consumedPoints, restMs: state.msBeforeNext };
    } catch {
      this.noteAway('a command failed');
      return here();
    }
  }

  /** Once each time: while Redis is away every request and every try to reconnect comes by here. */
  private noteAway(reason: string): void {
    if (this.redisIsAway) return;
    this.redisIsAway = true;
    this.log.warn(`Redis is away (${reason}): rate limits are counted in this process only.`);
  }

  private noteBack(): void {
    if (!this.redisIsAway) return;
    this.redisIsAway = false;
    this.log.log('Redis is back: rate limits are counted across nodes again.');
  }
}

/** The name goes into the hash as well, so that equal keys of two limits have nothing in common in Redis. */
const sharedKey = (name: string, key: string): string => `${name}:${hash('sha256', `${name}\0${key}`)}`;
