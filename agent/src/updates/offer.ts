/** What the service answers to check-update. Where `via_version` is set, what follows `latest_version` tells of that one. */
export interface UpdateOffer {
  readonly update_available: boolean;
  readonly current_version: string;
  /** The newest release that the license covers. */
  readonly latest_version: string;
  readonly changelog: string | null;
  /** ISO 8601. */
  readonly released_at: string | null;
  readonly mandatory: boolean;
  readonly security: boolean;
  /** Bytes; null when there is no file for this machine. */
  readonly size: number | null;
  readonly sha256: string | null;
  /** The stepping stone to take first. */
  readonly via_version: string | null;
  /** A newer release exists that only the license's right to updates hides. */
  readonly updates_expired: boolean;
}
