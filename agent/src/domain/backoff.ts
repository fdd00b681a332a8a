import { CLOCK_TOLERANCE_MS, type StandingCode } from './standing.js';
import { REFUSALS, isRefusalCode } from './refusals.js';

const SECOND_MS = 1_000;
const FIRST_DELAY_MS = 30 * SECOND_MS;
const HOUR_MS = 3_600 * SECOND_MS;
const LONGEST_WAIT_MS = 24 * HOUR_MS;
const LONG_AGO = 0;

/** Over so long the checks of a fleet are spread that were all started, all woken, or all sent away until the same time. */
export const SPREAD_MS = 30 * SECOND_MS;

/** Somewhere in the upper half of a delay, so that what failed together does not come back together. `draw` is from 0 to below 1. */
const upperHalf = (delayMs: number, draw: number): number => delayMs * (0.5 + draw / 2);

/** How long to wait after so many failures in a row: 30 seconds, doubled up to an hour. */
export function backoffMs(failures: number, draw: number): number {
  // Bounded before it is used as an exponent: a state file may count to any number.
  const doublings = Math.min(failures - 1, 10);
  return upperHalf(Math.min(FIRST_DELAY_MS * 2 ** doublings, HOUR_MS), draw);
}

/** What the time of the next check depends on. Times are milliseconds by this machine's clock. */
export interface CheckFacts {
  /** Null: nothing is activated. */
  readonly license: {
    /** A lease file was carried here: there is no service to ask. */
    readonly offline: boolean;
    /** The code of a proved refusal. */
    readonly refusal: string | null;
    /** Null: no lease is held, or it does not verify. */
    readonly refreshAfter: number | null;
  } | null;
  readonly standing: StandingCode;
  /** Whether the panel runs another version than the service was last told of. */
  readonly versionChanged: boolean;
  /** Attempts in a row that changed nothing for the better. */
  readonly failures: number;
  /** The latest tries that are known of. */
  readonly tries: readonly number[];
  /** The service asked not to be called before. */
  readonly notBefore: number | null;
  /** When this agent was started, or the machine woke up. */
  readonly wokeAt: number;
}

/** Lapses that the next answer of the service heals, whatever time the lease names. */
const HEALED_BY_A_CHECK: ReadonlySet<StandingCode> = new Set(['CLOCK_SET_BACK', 'LEASE_UNVERIFIED']);

/**
 * When to ask the service next; null: not before something changes. The jitter of `refreshAfter` was drawn by the service.
 * The same facts and draw give the same time, so that looking again does not put it off.
 */
export function nextCheckAt(facts: CheckFacts, draw: number, now: number): number | null {
  const { license } = facts;
  if (license === null || license.offline) return null;
  const due = dueAt(license, facts, draw, now);
  if (due === null) return null;
  const allowed = Math.max(due, courtesy(facts.notBefore, draw, now));
  return allowed < facts.wokeAt ? facts.wokeAt + draw * SPREAD_MS : allowed;
}

function dueAt(
  { refusal, refreshAfter }: NonNullable<CheckFacts['license']>,
  { standing, versionChanged, failures, tries }: CheckFacts,
  draw: number,
  now: number,
): number | null {
  if (refusal !== null && retryOf(refusal) === 'never') return null;
  // A try in the future was made before the clock was set back: waiting from there might take years.
  const past = tries.filter((time) => time <= now + CLOCK_TOLERANCE_MS);
  const since = (delayMs: number) => (past.length === 0 ? LONG_AGO : Math.max(...past) + delayMs);
  if (failures > 0) return since(backoffMs(failures, draw));
  if (versionChanged) return since(FIRST_DELAY_MS);
  if (refusal !== null) return since(upperHalf(retryOf(refusal) === 'daily' ? 24 * HOUR_MS : HOUR_MS, draw));
  const wanted = HEALED_BY_A_CHECK.has(standing) ? null : refreshAfter;
  // Even a service that wants to be asked again at once is not asked all the time.
  return Math.max(wanted ?? LONG_AGO, since(FIRST_DELAY_MS));
}

/** A reason that this agent does not know may pass like most that it knows. */
const retryOf = (refusal: string) => (isRefusalCode(refusal) ? REFUSALS[refusal].retry : 'hourly');

/**
 * The time that the service asked for, unless it is so far off that a clock must have been wrong. Somewhat after it, for a
 * balancer may have told a whole fleet the same one.
 */
const courtesy = (notBefore: number | null, draw: number, now: number): number =>
  notBefore !== null && notBefore - now <= LONGEST_WAIT_MS ? notBefore + draw * SPREAD_MS : LONG_AGO;
