import type { LicenseRecord, Seat, StoredLease } from '../database/license-facts.js';
import type { LicenseAction, LicenseCode } from '../domain/verdicts.js';

/** The seat as it stands after the call, with the lease that is answered. */
export interface GrantedSeat extends Omit<Seat, 'lease'> {
  readonly lease: StoredLease;
}

/** What a call of the license plane came to. A refusal is a value: its transaction has committed what belongs to it. */
export type Verdict =
  | {
      readonly code: 'VALID';
      readonly license: LicenseRecord;
      /** Null once the seat is given back. */
      readonly seat: GrantedSeat | null;
      readonly created: boolean;
    }
  | {
      readonly code: LicenseCode;
      /** Null when the key is unknown. */
      readonly license: LicenseRecord | null;
    };

/** What a proof repeats of the request. */
export interface AskedOf {
  readonly action: LicenseAction;
  readonly hardwareId: string;
  readonly version: string;
  readonly leaseId: string | null;
  readonly nonce: string | null;
  readonly body: Buffer;
  readonly now: Date;
}
