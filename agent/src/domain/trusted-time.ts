import { CLOCK_TOLERANCE_MS } from './standing.js';

/** What is known of the time, in milliseconds. */
export interface KnownTime {
  /** The latest time seen. */
  readonly lastSeen: number;
  /** What was to be added to this machine's clock, when the service last told the time. */
  readonly offsetMs: number;
}

/**
 * The time by the service's clock. A clock that was wrong may have been set right since, so of the time with the offset and
 * the one without it the earlier counts that does not lie before what was seen. While the agent runs, neither makes a lease last
 * longer, for what was seen moves on; a machine that was switched off with a wrong clock may gain the time that it was off.
 */
export function trustedTime(clockNow: number, { lastSeen, offsetMs }: KnownTime): number {
  const corrected = clockNow + offsetMs;
  const [earlier, later] = clockNow < corrected ? [clockNow, corrected] : [corrected, clockNow];
  return earlier >= lastSeen - CLOCK_TOLERANCE_MS ? earlier : later;
}
