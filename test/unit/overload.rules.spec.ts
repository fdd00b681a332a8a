import {
  comeBackSeconds,
  expectedWaitMs,
  nextShare,
  REQUEST_CLASSES,
  type Pressure,
  type QueueSample,
  type RequestClass,
} from '../../src/domain/overload.js';

const EMPTY: QueueSample = { waiting: 0, served: 100, elapsedMs: 1_000, stuckMs: 0 };
const IDLE: Pressure = { loopDelayMs: 0, database: EMPTY, panels: EMPTY };

describe('the wait that is to be expected', () => {
  it.each<[string, Partial<Pressure>, number]>([
    ['is none where nobody waits', {}, 0],
    ['is that of the turns that a request takes', { loopDelayMs: 250 }, 1_000],
    [
      'is what the queue for a connection takes at the speed at which it was served',
      { database: { waiting: 30, served: 20, elapsedMs: 1_000, stuckMs: 0 } },
      1_500,
    ],
    [
      'counts by the time that passed, however late it is looked at',
      { database: { waiting: 30, served: 20, elapsedMs: 2_000, stuckMs: 0 } },
      3_000,
    ],
    [
      'is at least the time for which nobody was served',
      { database: { waiting: 1, served: 0, elapsedMs: 1_000, stuckMs: 4_000 } },
      4_000,
    ],
    [
      'is that of a crowd of panels that wait for their answers',
      { panels: { waiting: 4_000, served: 1_000, elapsedMs: 1_000, stuckMs: 0 } },
      4_000,
    ],
    [
      'is not that of a few panels: their calls may be slow for reasons of their own',
      { panels: { waiting: 99, served: 0, elapsedMs: 1_000, stuckMs: 9_000 } },
      0,
    ],
    [
      'is the longest of them',
      { loopDelayMs: 100, database: { waiting: 30, served: 20, elapsedMs: 1_000, stuckMs: 0 } },
      1_500,
    ],
  ])('%s', (_, pressure, expected) => {
    expect(expectedWaitMs({ ...IDLE, ...pressure })).toBe(expected);
  });
});

const NAMES = Object.keys(REQUEST_CLASSES) as RequestClass[];
const PATIENCE = NAMES.map((name) => REQUEST_CLASSES[name]?.patienceMs ?? Number.POSITIVE_INFINITY);

describe('the share of a class that is let in', () => {
  it('is told for each class in the order in which they go, the last one first', () => {
    expect(PATIENCE).toEqual(PATIENCE.toSorted((a, b) => b - a));
    expect(new Set(PATIENCE).size).toBe(NAMES.length);
  });

  it.each(NAMES.map((name, index) => [name, PATIENCE[index] ?? 0] as const))(
    '%s falls only where all have to wait for longer than %d ms',
    (name, patienceMs) => {
      const longer = Math.min(patienceMs + 1, Number.MAX_SAFE_INTEGER);
      const falls = REQUEST_CLASSES[name] !== null;
      const much = longer * 9;
      expect(nextShare(name, 1, [longer, longer, longer, longer, longer]) < 1).toBe(falls);
      expect(nextShare(name, 1, [longer, longer, longer, longer])).toBe(1);
      expect(nextShare(name, 1, [much, much, much, much, patienceMs])).toBe(1);
      expect(nextShare(name, 1, [patienceMs, much, much, much, much])).toBe(1);
    },
  );

  it('of reports is none at once, of panels that phone home the half of what it was', () => {
    const long = [9_000, 9_000, 9_000, 9_000, 9_000];
    expect(nextShare('reports', 1, long)).toBe(0);
    expect(nextShare('phone_home', 1, long)).toBe(0.5);
    expect(nextShare('phone_home', 0.5, long)).toBe(0.25);
  });

  it('grows bit by bit while all wait for less than half of the patience, and not before', () => {
    expect(nextShare('reports', 0, [100, 499, 0, 0, 0])).toBe(0.25);
    expect(nextShare('reports', 0.9, [0, 0, 0, 0, 0])).toBe(1);
    expect(nextShare('reports', 0.25, [0, 500, 0, 0, 0])).toBe(0.25);
    expect(nextShare('reports', 0.25, [0, 0, 0, 0])).toBe(0.25);
  });

  it.each(NAMES)('%s: those who are refused are asked to come back at different times', (name) => {
    const [from, to] = REQUEST_CLASSES[name]?.comesBackAfter ?? [1, 1];
    expect(from).toBeGreaterThan(0);
    expect(comeBackSeconds(name, 0)).toBe(from);
    expect(comeBackSeconds(name, 0.999_999)).toBe(to);
  });
});
