import type { StandingCode, StandingState } from './domain/standing.js';

/** What is known of the license; from the signed lease, but for the masked key. */
export interface LicenseSummary {
  readonly id: string | null;
  /** Masked: `ABCD-****-WXYZ`. */
  readonly key: string;
  readonly product: string | null;
  readonly tier: string | null;
  /** Counter to limit; −1 is unlimited. */
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly expires_at: string | null;
  readonly updates_until: string | null;
}

/** Where the panel stands, as the command line prints it with `--json` and the local API answers it. Times are ISO 8601. */
export interface Status {
  readonly state: StandingState;
  readonly code: StandingCode;
  /** One or two sentences: what it means, and what to do. */
  readonly message: string;
  /** Sentences about what is not right and does not stop the panel. */
  readonly warnings: readonly string[];
  /** Whether the panel may work: licensed, unreachable or grace. */
  readonly is_valid: boolean;
  /** Whether a lease is held. */
  readonly has_license_file: boolean;
  /** Whether the lease should have been renewed by now. */
  readonly needs_refresh: boolean;
  readonly license: LicenseSummary | null;
  readonly refresh_after: string | null;
  readonly valid_until: string | null;
  readonly grace_until: string | null;
  /** The last answer that could be believed. */
  readonly last_checked: string | null;
  readonly hardware_id: string | null;
  readonly server: string | null;
  readonly version: string | null;
  readonly usage: Readonly<Record<string, number>>;
}
