/** How long the leases of a policy last, counted from their issue. */
export interface LeasePolicy {
  readonly refreshAfterSeconds: number;
  readonly validForSeconds: number;
  readonly graceForSeconds: number;
}

export interface LeaseTimes {
  readonly refreshAfter: Date;
  readonly validUntil: Date;
  readonly graceUntil: Date;
}

/** A fleet that was installed by one script would otherwise phone home in the same second for ever. */
const JITTER = 0.1;

/**
 * The times of a new lease, each cut to the license's end and rounded down to the second, with
 * `refreshAfter <= validUntil <= graceUntil`. `jitter` is a random number from 0 to 1, drawn once per lease.
 */
export function drawLeaseTimes({
  now,
  policy,
  expiresAt,
  jitter,
}: {
  readonly now: Date;
  readonly policy: LeasePolicy;
  readonly expiresAt: Date | null;
  readonly jitter: number;
}): LeaseTimes {
  const end = expiresAt?.getTime() ?? Infinity;
  const after = (seconds: number) => now.getTime() + seconds * 1_000;
  const wholeSecond = (time: number) => new Date(Math.floor(Math.min(time, end) / 1_000) * 1_000);

  const valid = after(policy.validForSeconds);
  // A panel that is told to come back after its lease has ended would be down in between.
  const refresh = Math.min(after(policy.refreshAfterSeconds * (1 + JITTER * (2 * jitter - 1))), valid);
  // A grace shorter than the validity, zero for instance, means no grace: it must not shorten the lease.
  const grace = Math.max(after(policy.graceForSeconds), valid);
  return {
    refreshAfter: wholeSecond(refresh),
    validUntil: wholeSecond(valid),
    graceUntil: wholeSecond(grace),
  };
}
