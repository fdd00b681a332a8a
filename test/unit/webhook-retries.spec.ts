import {
  afterTry,
  isSlowAnswer,
  MOST_TRIES,
  reasonToDisable,
  retryDelaySeconds,
  type ReceiverHealth,
  type TryOutcome,
} from '../../src/domain/webhook-retries.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const HOUR = 3_600;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 24 * HOUR * 1_000);

/** Seconds from the first try to the last. */
const wholeSpan = (draw: number) =>
  Array.from({ length: MOST_TRIES - 1 }, (_, index) => retryDelaySeconds(index + 1, draw)).reduce(
    (sum, seconds) => sum + seconds,
    0,
  );

describe('the delay after a failed try', () => {
  it.each([
    [1, 0, 2],
    [1, 0.5, 2.2],
    [2, 0, 4],
    [3, 0, 8],
    [13, 0, 8_192],
    [14, 0, 4 * HOUR],
    [17, 0, 4 * HOUR],
    [17, 0.5, 4.4 * HOUR],
  ])('number %i with a draw of %d is %d seconds', (tries, draw, expected) => {
    expect(retryDelaySeconds(tries, draw)).toBeCloseTo(expected);
  });

  it('adds up to about a day, whatever is drawn', () => {
    expect(wholeSpan(0)).toBeGreaterThan(20 * HOUR);
    expect(wholeSpan(0.999)).toBeLessThan(28 * HOUR);
  });
});

describe('a try', () => {
  it.each<[TryOutcome, number, ReturnType<typeof afterTry>]>([
    ['accepted', 1, { status: 'delivered' }],
    ['accepted', MOST_TRIES, { status: 'delivered' }],
    ['refused', 1, { status: 'pending', nextAttemptAt: new Date('2027-03-01T12:00:02.000Z') }],
    ['refused', MOST_TRIES - 1, { status: 'pending', nextAttemptAt: new Date('2027-03-01T16:00:00.000Z') }],
    ['refused', MOST_TRIES, { status: 'failed' }],
    ['gone', 1, { status: 'failed' }],
  ])('that was %s as number %i leaves %j', (outcome, tries, expected) => {
    expect(afterTry(outcome, { tries, now: NOW, draw: 0 })).toEqual(expected);
  });
});

describe('a receiver', () => {
  it.each<[string, TryOutcome, ReceiverHealth, string | null]>([
    ['that accepts is kept', 'accepted', { failingSince: null, failures: 0 }, null],
    ['that failed for the first time is kept', 'refused', { failingSince: NOW, failures: 1 }, null],
    [
      'that failed for just under five days is kept',
      'refused',
      { failingSince: daysAgo(4.99), failures: 500 },
      null,
    ],
    ['that failed rarely is kept', 'refused', { failingSince: daysAgo(40), failures: 19 }, null],
    [
      'that failed at every try for five days is disabled',
      'refused',
      { failingSince: daysAgo(5), failures: 20 },
      'Every attempt of the last 5 days failed.',
    ],
    [
      'that says it is gone is disabled at once',
      'gone',
      { failingSince: NOW, failures: 1 },
      'The receiver answered 410 Gone.',
    ],
  ])('%s', (_, outcome, health, expected) => {
    expect(reasonToDisable(outcome, health, NOW)).toBe(expected);
  });
});

describe('an answer', () => {
  it.each([
    [0, false],
    [1_999, false],
    [2_000, true],
    [10_000, true],
  ])('after %i ms is slow: %s', (durationMs, isSlow) => {
    expect(isSlowAnswer(durationMs)).toBe(isSlow);
  });
});
