const DAY_MS = 86_400_000;

/** A seat in use. `offlineUntil`: the end of an air-gapped panel's long lease, null for a panel that phones home. */
export interface SeatPresence {
  readonly id: string;
  readonly lastSeenAt: Date;
  readonly offlineUntil: Date | null;
}

export interface SeatReleaseOptions {
  readonly now: Date;
  /** Days unseen after which the next activation may have the seat; null: never. */
  readonly releaseAfterDays: number | null;
  /** The most seats to name; the others stay as they are, however long unseen. */
  readonly needed: number;
}

/**
 * The ids of the seats that an activation may take, the longest unseen first and no more than needed: a panel that was
 * only switched off for long keeps its seat while there is room. One that was promised to work offline is silent by
 * design and keeps its seat until that promise ends.
 */
export function staleSeatsToRelease(
  seats: readonly SeatPresence[],
  { now, releaseAfterDays, needed }: SeatReleaseOptions,
): string[] {
  if (releaseAfterDays === null) return [];
  const unseenSince = now.getTime() - releaseAfterDays * DAY_MS;
  return seats
    .filter((seat) => seat.lastSeenAt.getTime() <= unseenSince)
    .filter((seat) => seat.offlineUntil === null || seat.offlineUntil <= now)
    .sort((a, b) => a.lastSeenAt.getTime() - b.lastSeenAt.getTime())
    .slice(0, Math.max(0, needed))
    .map((seat) => seat.id);
}
