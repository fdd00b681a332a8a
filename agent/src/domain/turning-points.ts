/** The times, ISO 8601, at which a panel's standing may change by itself. */
export interface TurningPoints {
  readonly valid_until: string | null;
  readonly grace_until: string | null;
  readonly expires_at: string | null;
}

/** The next moment at which time alone may change where a panel stands, in milliseconds; null: there is none ahead. */
export function nextTurnAt(
  { valid_until, grace_until, expires_at }: TurningPoints,
  now: number,
): number | null {
  const ahead = [valid_until, grace_until, expires_at]
    .filter((time) => time !== null)
    .map((time) => Date.parse(time))
    .filter((time) => time > now);
  return ahead.length === 0 ? null : Math.min(...ahead);
}
