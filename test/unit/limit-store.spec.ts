import { jest } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../src/clock.js';
import { LimitStore } from '../../src/http/limits/limit-store.js';
import { ANSWER_WITHIN_MS } from '../../src/http/limits/redis.js';
import { LimitThrottlerStorage } from '../../src/http/limits/throttler-storage.js';

const log = { log: jest.fn(), warn: jest.fn() };
const storeOn = (redisUrl: string | null) => new LimitStore({ redisUrl, clock: new SystemClock(), log });

const START = new Date('2026-03-01T12:00:00.400Z');
const START_SECONDS = Math.floor(START.getTime() / 1_000);

describe('a store without Redis', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: START });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('allows as many as the limit and refuses the next', async () => {
    const store = storeOn(null);
    const hits = [
      await store.hit('a', 'key', 2, 60),
      await store.hit('a', 'key', 2, 60),
      await store.hit('a', 'key', 2, 60),
    ];
    expect(hits).toEqual([
      { allowed: true, limit: 2, count: 1, remaining: 1, resetAt: START_SECONDS + 61, retryAfter: 60 },
      { allowed: true, limit: 2, count: 2, remaining: 0, resetAt: START_SECONDS + 61, retryAfter: 60 },
      { allowed: false, limit: 2, count: 3, remaining: 0, resetAt: START_SECONDS + 61, retryAfter: 60 },
    ]);
  });

  it('starts a window at its first request and ends it a minute later, however many came', async () => {
    const store = storeOn(null);
    jest.setSystemTime(START.getTime() + 31_000);
    await store.hit('a', 'key', 1, 60);
    jest.advanceTimersByTime(59_999);
    expect(await store.hit('a', 'key', 1, 60)).toMatchObject({ allowed: false, retryAfter: 1 });
    jest.advanceTimersByTime(1);
    expect(await store.hit('a', 'key', 1, 60)).toMatchObject({ allowed: true, count: 1, retryAfter: 60 });
  });

  it('ends a window neither early nor late when the clock is set', async () => {
    const store = storeOn(null);
    await store.hit('a', 'key', 1, 60);
    jest.setSystemTime(START.getTime() + 3_600_000);
    expect(await store.hit('a', 'key', 1, 60)).toMatchObject({ allowed: false, count: 2, retryAfter: 60 });
    jest.setSystemTime(START.getTime() - 3_600_000);
    jest.advanceTimersByTime(59_999);
    expect(await store.peek('a', 'key', 1, 60)).toMatchObject({ allowed: false, count: 2, retryAfter: 1 });
    jest.advanceTimersByTime(1);
    expect(await store.peek('a', 'key', 1, 60)).toMatchObject({ allowed: true, count: 0, retryAfter: 60 });
  });

  it('looks without counting', async () => {
    const store = storeOn(null);
    expect(await store.peek('a', 'key', 1, 60)).toMatchObject({ allowed: true, count: 0, remaining: 1 });
    await store.hit('a', 'key', 1, 60);
    await store.hit('a', 'key', 1, 60);
    const seen = [await store.peek('a', 'key', 1, 60), await store.peek('a', 'key', 1, 60)];
    expect(seen).toEqual([seen[0], seen[0]]);
    expect(seen[0]).toMatchObject({ allowed: false, count: 2 });
  });

  it('keeps names and keys apart', async () => {
    const store = storeOn(null);
    await store.hit('a', 'key', 1, 60);
    expect(await store.hit('a', 'other', 1, 60)).toMatchObject({ count: 1 });
    expect(await store.hit('b', 'key', 1, 60)).toMatchObject({ count: 1 });
  });

  it('serves @nestjs/throttler, in its units', async () => {
    const storage = new LimitThrottlerStorage(storeOn(null));
    await storage.increment('key', 60_000, 1, 300_000, 'a');
    jest.advanceTimersByTime(15_000);
    expect(await storage.increment('key', 60_000, 1, 300_000, 'a')).toEqual({
      totalHits: 2,
      timeToExpire: 45,
      isBlocked: true,
      timeToBlockExpire: 45,
    });
  });
});

describe('a store whose Redis is not there', () => {
  let server: Server | undefined;
  let store: LimitStore | undefined;
  afterEach(async () => {
    await store?.stop();
    server?.close();
    server = undefined;
    log.warn.mockClear();
  });

  /** A TCP server that takes connections and, without `answer`, never says a word. */
  async function serve(answer?: string): Promise<string> {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer !== undefined) socket.on('data', () => socket.write(answer));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `redis://:secret-password@127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  /** What three calls see in a store on that Redis, null where they wait for it, and what was warned of. */
  async function useStoreOn(url: string) {
    const asked = storeOn(url);
    store = asked;
    await asked.start();
    const call = async () => [
      await asked.hit('a', 'key', 1, 60),
      await asked.hit('a', 'key', 1, 60),
      await asked.peek('a', 'key', 1, 60),
    ];
    // What waits for nothing is done before any timer comes, however long the machine stands still.
    const hits = await Promise.race([sleep(ANSWER_WITHIN_MS, null, { ref: false }), call()]);
    return { counts: hits?.map((hit) => hit.count) ?? null, warnings: log.warn.mock.calls.flat() };
  }

  it('counts by itself at once when nobody listens, and says so once', async () => {
    const url = await serve();
    await new Promise((resolve) => server?.close(resolve));
    const { counts, warnings } = await useStoreOn(url);
    expect(counts).toEqual([1, 2, 2]);
    expect(warnings).toEqual(['Redis is away (ECONNREFUSED): rate limits are counted in this process only.']);
  });

  it('counts by itself at once when Redis takes the connection and says nothing', async () => {
    const { counts, warnings } = await useStoreOn(await serve());
    expect(counts).toEqual([1, 2, 2]);
    expect(warnings).toHaveLength(1);
  });

  it('tells of a refusal without its text, which may repeat the password', async () => {
    const refusal = '-ERR unknown command, with args beginning with: secret-password\r\n';
    const { counts, warnings } = await useStoreOn(await serve(refusal));
    expect(counts).toEqual([1, 2, 2]);
    expect(warnings).toEqual(['Redis is away (ERR): rate limits are counted in this process only.']);
  });
});
