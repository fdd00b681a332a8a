import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/clock.js';
import { LimitStore } from '../../src/http/limits/limit-store.js';
import { RedisLine } from './redis-line.js';

const REDIS_URL = process.env['REDIS_URL'];
if (REDIS_URL === undefined) throw new Error('REDIS_URL must name a Redis server; .ci/services starts one.');

const log = { log: jest.fn<(message: string) => void>(), warn: jest.fn<(message: string) => void>() };
const redis = new Redis(REDIS_URL);
const line = new RedisLine(new URL(REDIS_URL));
const stores: LimitStore[] = [];

/**
 * How long Redis may take, in place of the usual time: a busy machine can stand still for longer than that while an answer is
 * on its way. Where Redis answers, nothing is waited for.
 */
const AGES_MS = 30_000;
/** Where commands fail. The client keeps a timer of this length for each that does, and the tests end no sooner. */
const LONG_MS = 5_000;
/** Where it is waited for. */
const SHORT_MS = 1_000;

async function startStore(redisUrl: string, answerWithinMs = AGES_MS): Promise<LimitStore> {
  const store = new LimitStore({ redisUrl, answerWithinMs, clock: new SystemClock(), log });
  stores.push(store);
  await store.start();
  return store;
}

/** A limit that no other test or run has counted in. */
const freshName = () => randomUUID();

/** The key of its one window in Redis. */
async function keyOf(name: string): Promise<string> {
  const keys = await redis.keys(`mooring:limit:${name}:*`);
  expect(keys).toHaveLength(1);
  return String(keys[0]);
}

const ADDRESS = '192.0.2.1';

beforeEach(() => line.open());
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
  await line.cut();
  log.log.mockClear();
  log.warn.mockClear();
});
afterAll(() => redis.disconnect());

describe('nodes on one Redis', () => {
  it('count together', async () => {
    const [one, two] = [await startStore(line.url), await startStore(line.url)];
    const name = freshName();
    await one.hit(name, ADDRESS, 2, 60);
    expect(await two.hit(name, ADDRESS, 2, 60)).toMatchObject({ allowed: true, count: 2, remaining: 0 });
    const refused = await one.hit(name, ADDRESS, 2, 60);
    expect(refused).toMatchObject({ allowed: false, count: 3 });
    expect(refused.retryAfter).toBeGreaterThan(30);
    expect(refused.retryAfter).toBeLessThanOrEqual(60);
    expect(await two.peek(name, ADDRESS, 2, 60)).toMatchObject({ allowed: false, count: 3 });
    expect(log.warn).not.toHaveBeenCalled();
  });

  it('let through exactly the limit, however many calls come at once', async () => {
    const nodes = [await startStore(line.url), await startStore(line.url)];
    const name = freshName();
    const hits = await Promise.all(
      Array.from({ length: 25 }, () => nodes.map((node) => node.hit(name, ADDRESS, 20, 60))).flat(),
    );
    expect(hits.filter((hit) => hit.allowed)).toHaveLength(20);
  });

  it('start a window at its first request, which no later one prolongs', async () => {
    const store = await startStore(line.url);
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    const key = await keyOf(name);
    expect(await redis.pttl(key)).toBeGreaterThan(30_000);
    // As if half of it had passed, so that a window begun anew is a longer one.
    await redis.pexpire(key, 30_000);
    const refused = await store.hit(name, ADDRESS, 1, 60);
    expect(refused).toMatchObject({ allowed: false, count: 2 });
    expect(refused.retryAfter).toBeLessThanOrEqual(30);
    expect(await redis.pttl(key)).toBeLessThanOrEqual(30_000);
    await redis.pexpire(key, 1);
    while (await redis.exists(key)) await sleep(1);
    expect(await store.hit(name, ADDRESS, 1, 60)).toMatchObject({ allowed: true, count: 1 });
  });

  it('leave nothing in Redis but hashes, and those for a window only', async () => {
    const store = await startStore(line.url);
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    const key = await keyOf(name);
    expect(key).toMatch(/:[0-9a-f]{64}$/);
    const ttl = await redis.ttl(key);
    expect(ttl).toBeGreaterThan(30);
    expect(ttl).toBeLessThanOrEqual(60);
  });
});

/** Hits until the answer comes from Redis again, where another node counts as well. */
async function untilShared(store: LimitStore, other: LimitStore): Promise<void> {
  for (;;) {
    const name = freshName();
    await other.hit(name, ADDRESS, 1, 60);
    if ((await store.hit(name, ADDRESS, 1, 60)).count === 2) return;
    await sleep(50);
  }
}

async function timed<T>(work: Promise<T>): Promise<{ milliseconds: number; value: T }> {
  const since = performance.now();
  const value = await work;
  return { milliseconds: performance.now() - since, value };
}

describe('a node whose Redis', () => {
  it('stops counts by itself at once, and together again when it is back', async () => {
    const [store, other] = [await startStore(line.url, LONG_MS), await startStore(REDIS_URL)];
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    line.stop();
    const underWay = timed(store.hit(name, ADDRESS, 1, 60));
    await line.cut();
    const seen = [
      await underWay,
      await timed(store.hit(name, ADDRESS, 1, 60)),
      await timed(store.peek(name, ADDRESS, 1, 60)),
    ];
    expect(seen.map(({ value }) => value.count)).toEqual([1, 2, 2]);
    for (const { milliseconds } of seen) expect(milliseconds).toBeLessThan(LONG_MS / 2);
    expect(log.warn).toHaveBeenCalledTimes(1);

    await line.open();
    await untilShared(store, other);
    expect(log.log.mock.calls.flat()).toEqual(['Redis is back: rate limits are counted across nodes again.']);
  });

  it('refuses a command counts that one by itself', async () => {
    const store = await startStore(line.url, LONG_MS);
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    const key = await keyOf(name);
    await redis.multi().del(key).lpush(key, 'no number').expire(key, 60).exec();
    expect(await store.hit(name, ADDRESS, 1, 60)).toMatchObject({ allowed: true, count: 1 });
    expect(await store.hit(name, ADDRESS, 1, 60)).toMatchObject({ allowed: false, count: 2 });
  });

  it('refused a single command tells that it is back, and warns the next time it is away', async () => {
    const store = await startStore(line.url, LONG_MS);
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    const key = await keyOf(name);
    await redis.multi().del(key).lpush(key, 'no number').expire(key, 60).exec();
    await store.hit(name, ADDRESS, 1, 60);
    await store.hit(freshName(), ADDRESS, 1, 60);
    expect(log.warn.mock.calls.flat()).toEqual([
      expect.stringMatching(/^Redis is away \(a command failed\)/),
    ]);
    expect(log.log.mock.calls.flat()).toEqual([expect.stringMatching(/^Redis is back/)]);
    await line.cut();
    await store.hit(name, ADDRESS, 1, 60);
    expect(log.warn).toHaveBeenCalledTimes(2);
  });

  it('may not write warns once, though it can still be read', async () => {
    const store = await startStore(line.url, LONG_MS);
    const name = freshName();
    await redis.config('SET', 'min-replicas-to-write', '1');
    try {
      for (let count = 1; count <= 3; count++) {
        expect(await store.hit(name, ADDRESS, 9, 60)).toMatchObject({ count });
        await store.peek(name, ADDRESS, 9, 60);
      }
    } finally {
      await redis.config('SET', 'min-replicas-to-write', '0');
    }
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.log).not.toHaveBeenCalled();
    await store.hit(name, ADDRESS, 9, 60);
    expect(log.log).toHaveBeenCalledTimes(1);
  });

  it('falls silent holds the first requests for a moment and no further one', async () => {
    const store = await startStore(line.url, SHORT_MS);
    const name = freshName();
    await store.hit(name, ADDRESS, 100, 60);
    line.stop();
    const first = await timed(Promise.all([1, 2, 3].map(() => store.hit(name, ADDRESS, 100, 60))));
    expect(first.milliseconds).toBeLessThan(2 * SHORT_MS);
    expect(first.value.map((hit) => hit.count)).toEqual([1, 2, 3]);
    let waited = 0;
    for (let count = 4; count <= 20; count++) {
      const { milliseconds, value } = await timed(store.hit(name, ADDRESS, 100, 60));
      expect(value.count).toBe(count);
      waited += milliseconds;
      // Time for it to connect again, and to be cut off again.
      await sleep(SHORT_MS / 8);
    }
    // Seventeen that each wait for Redis come to seventeen times as much.
    expect(waited).toBeLessThan(4 * SHORT_MS);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it('is slow holds a request for a moment at most', async () => {
    const store = await startStore(line.url, SHORT_MS);
    const name = freshName();
    await store.hit(name, ADDRESS, 1, 60);
    line.slow();
    const { milliseconds, value } = await timed(store.hit(name, ADDRESS, 1, 60));
    expect(value.count).toBe(1);
    // Drop by drop the answer takes longer than that.
    expect(milliseconds).toBeLessThan(2 * SHORT_MS);
  });
});
