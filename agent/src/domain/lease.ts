/** What a lease says. Times in it are ISO 8601 but `iat` and `exp`, which are Unix seconds. */
export interface LeaseClaims {
  readonly iss: string;
  /** The license's id. */
  readonly sub: string;
  /** The lease's id, which the panel sends as `lease_id`. */
  readonly jti: string;
  readonly iat: number;
  /** `valid_until`. */
  readonly exp: number;
  readonly hwid: string;
  readonly product: string;
  readonly tier: string;
  readonly version_floor: string | null;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly license_expires_at: string | null;
  readonly updates_until: string | null;
  readonly refresh_after: string;
  readonly grace_until: string;
  /** Grows with every lease of one hardware. */
  readonly seq: number;
}
