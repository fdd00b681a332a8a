const DAY_MS = 86_400_000;

/** The last instant that ISO 8601 writes with four digits for the year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Null stands for no end. */
export interface LicenseDates {
  readonly expiresAt: Date | null;
  readonly updatesUntil: Date | null;
}

export interface RenewalTerms {
  /** What is added to `expiresAt`; null where neither the request nor the policy says. */
  readonly days: number | null;
  /** What the policy adds to `updatesUntil`; null where it says nothing, and `days` serve for both. */
  readonly updatesDays: number | null;
}

/** So many days later, and no later than the year 9999. */
function daysAfter(start: Date, days: number): Date {
  return new Date(Math.min(start.getTime() + days * DAY_MS, LAST_INSTANT));
}

/** The end of what lasts `days` from `now`; null stands for no end in both. */
export function endAfter(days: number | null, now: Date): Date | null {
  return days === null ? null : daysAfter(now, days);
}

/** From the end or from now, whichever is later: nobody loses days by paying early, nor pays for days that are over. */
const extended = (end: Date, days: number, now: Date): Date => daysAfter(end > now ? end : now, days);

/**
 * What a renewal makes of the dates of a license. A date without an end stays so.
 * `nothing ends`: there is no date to extend. `no days`: nothing says by how much to extend one.
 */
export function renewedDates(
  { expiresAt, updatesUntil }: LicenseDates,
  { days, updatesDays }: RenewalTerms,
  now: Date,
): LicenseDates | 'nothing ends' | 'no days' {
  if (expiresAt === null && updatesUntil === null) return 'nothing ends';
  const updateDays = updatesDays ?? days;
  if (expiresAt !== null && days === null) return 'no days';
  if (updatesUntil !== null && updateDays === null) return 'no days';
  return {
    expiresAt: expiresAt && days !== null ? extended(expiresAt, days, now) : expiresAt,
    updatesUntil:
      updatesUntil && updateDays !== null ? extended(updatesUntil, updateDays, now) : updatesUntil,
  };
}
