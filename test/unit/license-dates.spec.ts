import { endAfter, renewedDates } from '../../src/domain/license-dates.js';

const now = new Date('2027-03-01T12:00:00.000Z');
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);

const renew = (
  [expiresAt, updatesUntil]: [Date | null, Date | null],
  [days, updatesDays]: [number | null, number | null],
) => renewedDates({ expiresAt, updatesUntil }, { days, updatesDays }, now);

describe('the end of something new', () => {
  it('lies so many days from now', () => {
    expect(endAfter(30, now)).toEqual(new Date('2027-03-31T12:00:00.000Z'));
  });

  it('is none where no number of days is set', () => {
    expect(endAfter(null, now)).toBeNull();
  });

  it('is never past what ISO 8601 writes with four digits', () => {
    const late = new Date('9999-12-31T00:00:00.000Z');
    expect(endAfter(1, late)?.toISOString()).toBe('9999-12-31T23:59:59.999Z');
  });
});

describe('a renewal', () => {
  it('extends a license that runs from its end, so that nobody loses days by paying early', () => {
    expect(renew([inDays(10), null], [30, null])).toEqual({ expiresAt: inDays(40), updatesUntil: null });
  });

  it('extends one that has ended from now, so that nobody pays for days that are over', () => {
    expect(renew([inDays(-10), null], [30, null])).toEqual({ expiresAt: inDays(30), updatesUntil: null });
  });

  it('counts from now at the very end', () => {
    expect(renew([now, null], [30, null])).toEqual({ expiresAt: inDays(30), updatesUntil: null });
  });

  it("extends updates by the policy's own days, from their end or from now alike", () => {
    expect(renew([inDays(10), inDays(5)], [30, 90])).toEqual({
      expiresAt: inDays(40),
      updatesUntil: inDays(95),
    });
    expect(renew([inDays(10), inDays(-5)], [30, 90])).toEqual({
      expiresAt: inDays(40),
      updatesUntil: inDays(90),
    });
  });

  it('extends updates by the same days where the policy says nothing of updates', () => {
    expect(renew([null, inDays(5)], [30, null])).toEqual({ expiresAt: null, updatesUntil: inDays(35) });
  });

  it('needs no days for updates alone where the policy says how long those last', () => {
    expect(renew([null, inDays(5)], [null, 90])).toEqual({ expiresAt: null, updatesUntil: inDays(95) });
  });

  it.each([
    [inDays(10), null, null],
    [null, inDays(5), null],
    // The policy speaks of updates, but the license itself would stay as it is.
    [inDays(10), inDays(5), 90],
  ])('is told when nothing says by how much', (expiresAt, updatesUntil, updatesDays) => {
    expect(renew([expiresAt, updatesUntil], [null, updatesDays])).toBe('no days');
  });

  it('is told when nothing ends', () => {
    expect(renew([null, null], [30, 90])).toBe('nothing ends');
    expect(renew([null, null], [null, null])).toBe('nothing ends');
  });
});
