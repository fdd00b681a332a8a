/** What one try to deliver came to. `gone`: the receiver said 410, that it wants nothing more, ever. */
export type TryOutcome = 'accepted' | 'refused' | 'gone';

export type AfterTry =
  | { readonly status: 'delivered' }
  | { readonly status: 'pending'; readonly nextAttemptAt: Date }
  | { readonly status: 'failed' };

const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 4 * 3_600;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** With the delays below the last try comes about a day after the first. */
export const MOST_TRIES = 18;

/** How much of a delay may be added to it, so that what failed together is not tried again all at once. */
const JITTER = 0.2;

/** Seconds to wait after this many tries. `draw` is a random number from 0 to below 1. */
export function retryDelaySeconds(tries: number, draw: number): number {
  const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** (tries - 1), LONGEST_DELAY_SECONDS);
  return delay * (1 + JITTER * draw);
}

/** What becomes of a delivery. `tries` counts this one. */
export function afterTry(
  outcome: TryOutcome,
  { tries, now, draw }: { readonly tries: number; readonly now: Date; readonly draw: number },
): AfterTry {
  if (outcome === 'accepted') return { status: 'delivered' };
  if (outcome === 'gone' || tries >= MOST_TRIES) return { status: 'failed' };
  const nextAttemptAt = new Date(now.getTime() + retryDelaySeconds(tries, draw) * SECOND_MS);
  return { status: 'pending', nextAttemptAt };
}

/** How a receiver has done since it last accepted anything. */
export interface ReceiverHealth {
  /** When the first of its failures in a row was; null after a success. */
  readonly failingSince: Date | null;
  /** How many there were. */
  readonly failures: number;
}

const SLOW_MS = 2_000;

/** Whether an answer took so long that others should not wait behind the next one. */
export const isSlowAnswer = (durationMs: number): boolean => durationMs >= SLOW_MS;

/** Nobody is given up for a long weekend, nor for a few failures that lie far apart. */
const FAILING_DAYS = 5;
const LEAST_FAILURES = 20;

/** Why a receiver is sent nothing more, null while it is. `health` includes this outcome. */
export function reasonToDisable(outcome: TryOutcome, health: ReceiverHealth, now: Date): string | null {
  if (outcome === 'gone') return 'The receiver answered 410 Gone.';
  const { failingSince, failures } = health;
  if (failingSince === null || failures < LEAST_FAILURES) return null;
  if (now.getTime() - failingSince.getTime() < FAILING_DAYS * DAY_MS) return null;
  return `Every attempt of the last ${FAILING_DAYS} days failed.`;
}
