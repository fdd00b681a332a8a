import type { Jwk } from '../trust/jwk.js';
import type { Hardware } from '../hardware/hardware.js';

/** A refusal that the service proved. */
export interface StoredRefusal {
  readonly code: string;
  /** The service's sentence. */
  readonly error: string;
  readonly details: Readonly<Record<string, readonly string[]>> | null;
  /** ISO 8601, by the service's clock. */
  readonly at: string;
  /** The proof, as it was received. */
  readonly proof: string;
}

/** The license that this panel runs on. */
export interface StoredLicense {
  /** The whole key: it is the credential, so the file is for its owner alone. Null when a lease file was carried here. */
  readonly key: string | null;
  readonly maskedKey: string;
  readonly licenseId: string;
  /** The newest lease, a compact JWS; null once refused. */
  readonly lease: string | null;
  /** The id of the newest lease, kept when the lease itself is gone: the service knows copies by it. */
  readonly leaseId: string | null;
  /** The highest sequence seen of this hardware's leases. */
  readonly seq: number;
  readonly refusal: StoredRefusal | null;
  /**
   * An activation was begun whose answer is not known here. The service may have begun the seat's chain of leases anew, so
   * that the next call has to do the same: with the lease held from before it would look like a copy.
   */
  readonly mustActivate: boolean;
  readonly activatedAt: string;
}

/** How the last attempts to reach the service went. */
export interface Contact {
  /** ISO 8601, of the last answer that could be believed. */
  readonly answeredAt: string | null;
  readonly triedAt: string | null;
  /** The version that the service was told with it. */
  readonly version: string | null;
  /** Attempts without such an answer since then. */
  readonly failures: number;
  /** A sentence about the last failure. */
  readonly failure: string | null;
  /** ISO 8601: the service asked not to be called before. */
  readonly notBefore: string | null;
  /** ISO 8601, when the published keys were last compared with the pinned ones. */
  readonly keysAt: string | null;
}

/** What is known of the time. */
export interface SeenTime {
  /** ISO 8601: the latest time that this agent has seen. */
  readonly lastSeenAt: string;
  /** What to add to this machine's clock to get the service's, in milliseconds; 0 unless they differ by minutes. */
  readonly offsetMs: number;
}

/** All that an agent knows, in one file that is replaced as a whole. */
export interface AgentState {
  readonly format: 1;
  /** Null: a lease file was carried here, and no server is known. */
  readonly server: string | null;
  readonly hardware: Hardware;
  /** The address by which the service names itself; download links begin with it. Null after a lease file. */
  readonly issuer: string | null;
  /** The keys that are trusted. */
  readonly pins: readonly Jwk[];
  readonly license: StoredLicense | null;
  readonly contact: Contact;
  readonly time: SeenTime;
}
