/** What a proof of who one is opens. Each has counts of its own: guesses at the door don't shut out who is inside. */
export type ProofPurpose = 'login' | 'reauthentication';

/** Failures so far, and the lock that they have led to. */
export interface Tally {
  readonly failures: number;
  /** When the first of them was. */
  readonly since: Date;
  readonly lockedUntil: Date | null;
}

export interface LockRule {
  /** So many failures lock. */
  readonly failures: number;
  /** Of failures that began longer ago none is counted any more; null counts them until something goes well. */
  readonly withinSeconds: number | null;
  readonly lockedForSeconds: number;
}

/**
 * The lock of an account for one network: ten guesses a quarter of an hour, a thousand a day. Who guesses from elsewhere
 * doesn't keep the owner out.
 */
export const NETWORK_LOCK: LockRule = { failures: 10, withinSeconds: 900, lockedForSeconds: 900 };

/** The lock of an account for everybody, against guesses from many networks. */
export const ACCOUNT_LOCK: LockRule = { failures: 100, withinSeconds: null, lockedForSeconds: 900 };

const secondsAfter = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1_000);

/** A lock is over at its very end. */
export const isLocked = (lockedUntil: Date | null, now: Date): boolean =>
  lockedUntil !== null && now < lockedUntil;

/**
 * What a failure at `now` makes of a tally. While the lock holds nothing is counted: else a guesser could keep it up for ever
 * with a try now and then. The count begins anew with the lock.
 */
export function afterFailure(tally: Tally | null, now: Date, rule: LockRule): Tally {
  if (tally !== null && isLocked(tally.lockedUntil, now)) return tally;
  const { failures, withinSeconds, lockedForSeconds } = rule;
  const counts = tally !== null && (withinSeconds === null || now < secondsAfter(tally.since, withinSeconds));
  const counted = (counts ? tally.failures : 0) + 1;
  const since = counts ? tally.since : now;
  return counted < failures
    ? { failures: counted, since, lockedUntil: null }
    : { failures: 0, since: now, lockedUntil: secondsAfter(now, lockedForSeconds) };
}

/** The later end of two locks. */
export const laterLock = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && one < other) ? other : one;
