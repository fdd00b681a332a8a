import * as fc from 'fast-check';
import { WindowTable, type TableSize, type Window } from '../../src/http/limits/window-table.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type Step = readonly [what: 'hit' | 'peek', key: string, windowMs: number, now: number];

/** The same in a Map, which forgets nothing. */
class Model {
  private readonly windows = new Map<string, { count: number; end: number }>();

  hit(key: string, windowMs: number, now: number): Window {
    const known = this.windows.get(key);
    const window = known !== undefined && known.end > now ? known : { count: 0, end: now + windowMs };
    window.count++;
    this.windows.set(key, window);
    return { count: window.count, restMs: window.end - now };
  }

  peek(key: string, now: number): Window | null {
    const window = this.windows.get(key);
    return window !== undefined && window.end > now
      ? { count: window.count, restMs: window.end - now }
      : null;
  }
}

const take = (table: WindowTable | Model, [what, key, windowMs, now]: Step) =>
  what === 'hit' ? table.hit(key, windowMs, now) : table.peek(key, now);

/** Everything in one bucket. */
const narrow = (blocks: number): TableSize => ({ buckets: 1, blocks });

const hitTimes = (table: WindowTable, key: string, times: number, now: number) => {
  for (let i = 0; i < times; i++) table.hit(key, MINUTE, now);
};

const countsOf = (table: WindowTable, keys: readonly string[], now: number) =>
  keys.map((key) => table.peek(key, now)?.count ?? 0);

const keysOf = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `key-${from + i}`);

describe('a table of windows', () => {
  it.each<[string, Step[], (Window | null)[]]>([
    ['has none before the first request', [['peek', 'a', MINUTE, 5]], [null]],
    [
      'counts the requests of a key, and looks without counting',
      [
        ['hit', 'a', MINUTE, 5],
        ['hit', 'a', MINUTE, 6],
        ['peek', 'a', MINUTE, 7],
        ['peek', 'a', MINUTE, 7],
      ],
      [
        { count: 1, restMs: 60_000 },
        { count: 2, restMs: 59_999 },
        { count: 2, restMs: 59_998 },
        { count: 2, restMs: 59_998 },
      ],
    ],
    [
      'ends a window that long after its first request, and begins another at the next',
      [
        ['hit', 'a', MINUTE, 5],
        ['hit', 'a', MINUTE, 60_004],
        ['peek', 'a', MINUTE, 60_005],
        ['hit', 'a', MINUTE, 60_006],
      ],
      [{ count: 1, restMs: 60_000 }, { count: 2, restMs: 1 }, null, { count: 1, restMs: 60_000 }],
    ],
    [
      'keeps keys apart, and windows of another length',
      [
        ['hit', 'a', MINUTE, 0],
        ['hit', 'b', 60 * MINUTE, 0],
        ['hit', 'a', MINUTE, MINUTE],
        ['hit', 'b', 60 * MINUTE, MINUTE],
      ],
      [
        { count: 1, restMs: MINUTE },
        { count: 1, restMs: 60 * MINUTE },
        { count: 1, restMs: MINUTE },
        { count: 2, restMs: 59 * MINUTE },
      ],
    ],
  ])('%s', (_what, steps, expected) => {
    const table = new WindowTable(0);
    expect(steps.map((step) => take(table, step))).toEqual(expected);
  });

  it('counts as a Map does, whatever comes and however much time passes', () => {
    const moves = fc.array(
      fc.record({
        what: fc.constantFrom('hit' as const, 'hit' as const, 'peek' as const),
        key: fc.nat({ max: 60 }).map(String),
        windowMs: fc.constantFrom(1, 1_000, MINUTE, 60 * MINUTE),
        passes: fc.oneof(
          fc.constant(0),
          fc.nat({ max: 500 }),
          fc.nat({ max: MINUTE }),
          fc.nat({ max: 60 * DAY }),
        ),
      }),
      { minLength: 1, maxLength: 300 },
    );
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 50), fc.nat({ max: 100 * DAY }), moves, (buckets, start, steps) => {
        const [table, model] = [new WindowTable(start, { buckets, blocks: 60 }), new Model()];
        let now = start;
        for (const { what, key, windowMs, passes } of steps) {
          now += passes;
          const step: Step = [what, key, windowMs, now];
          expect(take(table, step)).toEqual(take(model, step));
        }
      }),
    );
  });

  it('knows a window for over however long ago that was', () => {
    for (const since of [DAY, 24 * DAY, 25 * DAY, 49 * DAY, 50 * DAY, 400 * DAY]) {
      const table = new WindowTable(0);
      hitTimes(table, 'a', 3, 0);
      for (let wait = -MINUTE; wait <= MINUTE; wait += 1_000) {
        expect(table.peek('a', since + wait)).toBeNull();
      }
      expect(table.hit('a', MINUTE, since)).toEqual({ count: 1, restMs: MINUTE });
      expect(table.hit('a', MINUTE, since + 1)).toEqual({ count: 2, restMs: MINUTE - 1 });
    }
  });

  it('keeps a hundred thousand windows apart that run at once', () => {
    const table = new WindowTable(0);
    const keys = keysOf(0, 100_000);
    const first = keys.filter((key) => table.hit(key, MINUTE, 0).count !== 1);
    const second = keys.filter((key) => table.hit(key, MINUTE, 1).count !== 2);
    expect({ first, second }).toEqual({ first: [], second: [] });
  });
});

describe('a full table of windows', () => {
  it('takes the place of a window that is over before that of one that runs', () => {
    const table = new WindowTable(0, narrow(1));
    table.hit('over', 10, 0);
    const others = keysOf(0, 7);
    for (const key of others) table.hit(key, MINUTE, 0);
    table.hit('new', MINUTE, 10);
    expect(countsOf(table, ['new', ...others], 10)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('throws out the window that was counted least, and of several the one that ends first', () => {
    const table = new WindowTable(0, narrow(1));
    hitTimes(table, 'twice', 2, 0);
    table.hit('later', MINUTE, 2);
    table.hit('first', MINUTE, 1);
    const others = keysOf(0, 5);
    for (const key of others) hitTimes(table, key, 3, 3);
    table.hit('new', MINUTE, 4);
    expect(countsOf(table, ['first', 'later', 'twice', 'new', ...others], 4)).toEqual([
      0, 1, 2, 1, 3, 3, 3, 3, 3,
    ]);
    hitTimes(table, 'new', 2, 5);
    table.hit('next', MINUTE, 5);
    expect(countsOf(table, ['later', 'twice', 'new', 'next'], 5)).toEqual([0, 2, 3, 1]);
  });

  it('still knows who stands at his limit, however many keys he floods it with', () => {
    const table = new WindowTable(0, { buckets: 4, blocks: 16 });
    hitTimes(table, 'guesser', 11, 0);
    for (const key of keysOf(0, 20_000)) hitTimes(table, key, 5, 1);
    expect(table.peek('guesser', 2)?.count).toBe(11);
    expect(table.hit('guesser', MINUTE, 3).count).toBe(12);
  });

  it('has its whole room again when the windows are over', () => {
    const table = new WindowTable(0, narrow(2));
    for (const key of keysOf(0, 1_000)) hitTimes(table, key, 5, 0);
    const keys = keysOf(2_000, 2_016);
    for (const key of keys) table.hit(key, MINUTE, MINUTE);
    expect(countsOf(table, keys, MINUTE)).toEqual(keys.map(() => 1));
  });
});
