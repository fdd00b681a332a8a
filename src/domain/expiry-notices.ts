const DAY_MS = 86_400_000;

/** How many days before its end a license is told of; 0 is the end itself. */
export const NOTICE_DAYS = [30, 7, 1, 0] as const;

/** What became due longer ago is not told any more: on the first run of all nobody wants to hear of last year. */
const MOST_DAYS_LATE = 7;

/** The moment since which a notice must have become due. */
export const noticesSince = (now: Date): Date => new Date(now.getTime() - MOST_DAYS_LATE * DAY_MS);

/** The days that are left, a day begun being one: 30 at the moment of the first notice, and never 0 before the end. */
export const daysLeft = (expiresAt: Date, now: Date): number =>
  Math.max(0, Math.ceil((expiresAt.getTime() - now.getTime()) / DAY_MS));
