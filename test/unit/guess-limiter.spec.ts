import { jest } from '@jest/globals';
import { SystemClock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { GuessLimiter } from '../../src/http/limits/guess-limiter.js';
import { LimitStore } from '../../src/http/limits/limit-store.js';
import { Limits } from '../../src/http/limits/limits.js';

const ADDRESS = '192.0.2.1';

function guessLimiter(env = {}): GuessLimiter {
  const log = { log: () => undefined, warn: () => undefined };
  const store = new LimitStore({ redisUrl: null, clock: new SystemClock(), log });
  return new GuessLimiter(new Limits(store, readConfig(env)));
}

async function guess(limiter: GuessLimiter, times: number, address = ADDRESS): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push(await limiter.count(address));
  return seen;
}

describe('guesses of license keys', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are answered ten times a minute, and the eleventh blocks the address', async () => {
    const limiter = guessLimiter();
    expect(await guess(limiter, 10)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(await limiter.blocked(ADDRESS)).toBe(0);
    expect(await guess(limiter, 2)).toEqual([60, 60]);
    expect(await limiter.blocked(ADDRESS)).toBe(60);
  });

  it('are not counted by asking', async () => {
    const limiter = guessLimiter({ LIMIT_UNKNOWN_KEYS_PER_MINUTE: '1' });
    for (let i = 0; i < 5; i++) expect(await limiter.blocked(ADDRESS)).toBe(0);
    expect(await guess(limiter, 1)).toEqual([0]);
  });

  it('block until a minute after the first, further guesses or not', async () => {
    const limiter = guessLimiter();
    await guess(limiter, 1);
    jest.advanceTimersByTime(30_000);
    await guess(limiter, 20);
    expect(await limiter.blocked(ADDRESS)).toBe(30);
    jest.advanceTimersByTime(30_000);
    expect(await limiter.blocked(ADDRESS)).toBe(0);
    expect(await guess(limiter, 1)).toEqual([0]);
  });

  it('block no other address, but the whole network of an IPv6 one', async () => {
    const limiter = guessLimiter({ LIMIT_UNKNOWN_KEYS_PER_MINUTE: '1' });
    await guess(limiter, 2, '2001:db8:0:1::1');
    expect(await limiter.blocked('2001:db8:0:1:ffff::')).toBe(60);
    expect(await limiter.blocked('2001:db8:0:2::1')).toBe(0);
    expect(await limiter.blocked(ADDRESS)).toBe(0);
  });
});
