import { trustedTime } from '../../src/domain/trusted-time.js';

const SEEN = Date.parse('2027-03-01T12:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Minutes of the clock and of the offset, and what is believed; all from the time that was seen last. */
const CASES: readonly (readonly [string, number, number, number])[] = [
  ['a right clock', 10, 0, 10],
  ['a clock that is ahead', 10 + 2_880, -2_880, 10],
  ['one that was ahead and is right now', 1, -10, 1],
  ['a clock that is behind', 10 - 43_200, 43_200, 10],
  ['one that was behind and is right now', 10, 43_200, 10],
  ['a clock that was set back', -60, 0, -60],
  ['one that was set back beyond what is known of it', -60, -10, -60],
];

describe('the time that is believed', () => {
  it.each(CASES)('of %s', (_what, clock, offset, believed) => {
    const known = { lastSeen: SEEN, offsetMs: offset * MINUTE };
    expect((trustedTime(SEEN + clock * MINUTE, known) - SEEN) / MINUTE).toBe(believed);
  });

  it('never lies before what was seen, where there is a choice', () => {
    expect(trustedTime(SEEN - DAY, { lastSeen: SEEN, offsetMs: DAY })).toBe(SEEN);
  });
});
