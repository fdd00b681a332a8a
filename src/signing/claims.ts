import { hash } from 'node:crypto';
import type { LicenseAction, VerdictCode } from '../domain/verdicts.js';
import { canonicalJson } from '../domain/canonical-json.js';
import type { LeasePolicy, LeaseTimes } from './lease-times.js';

/** What a lease grants, whenever it is issued. Null means without end, or no floor. */
export interface LeaseTerms {
  /** 64 hexadecimal characters, lower-case. */
  readonly hardwareId: string;
  readonly product: string;
  readonly tier: string;
  readonly versionFloor: string | null;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly licenseExpiresAt: Date | null;
  readonly updatesUntil: Date | null;
}

export interface LeaseInput extends LeaseTerms, LeaseTimes {
  readonly issuer: string;
  readonly licenseId: string;
  readonly leaseId: string;
  readonly issuedAt: Date;
  /** Grows with every lease of one hardware: milliseconds of the issue time, or more. */
  readonly seq: number;
}

export interface ProofInput {
  readonly issuer: string;
  readonly issuedAt: Date;
  readonly code: VerdictCode;
  /** Null when no such key exists. */
  readonly licenseId: string | null;
  readonly action: LicenseAction;
  readonly hardwareId: string;
  readonly version: string;
  /** As the panel sent it, null when it sent none. */
  readonly leaseId: string | null;
  readonly nonce: string;
  /** The body's bytes as received: the panel hashes what it sent, not what was understood. */
  readonly requestBody: Buffer;
}

export interface ArtifactInput {
  readonly issuer: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly product: string;
  readonly version: string;
  readonly platform: string | null;
  readonly arch: string | null;
  readonly filename: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** The claims of a `mooring-lease+jwt`. Equal input gives equal text, so that a lease can be answered again as it is. */
export const leaseClaims = (lease: LeaseInput) => ({
  iss: lease.issuer,
  sub: lease.licenseId,
  jti: lease.leaseId,
  iat: unixSeconds(lease.issuedAt),
  exp: unixSeconds(lease.validUntil),
  ...termClaims(lease),
  refresh_after: isoSeconds(lease.refreshAfter),
  grace_until: isoSeconds(lease.graceUntil),
  seq: lease.seq,
});

/** The claims of a `mooring-proof+jwt`: the verdict on one request, tied to its body and nonce. */
export const proofClaims = (proof: ProofInput) => ({
  code: proof.code,
  ...(proof.licenseId !== null && { sub: proof.licenseId }),
  action: proof.action,
  hwid: proof.hardwareId,
  version: proof.version,
  lease_id: proof.leaseId,
  nonce: proof.nonce,
  request_sha256: hash('sha256', proof.requestBody, 'hex'),
  iat: unixSeconds(proof.issuedAt),
  iss: proof.issuer,
});

/** The claims of a `mooring-artifact+jwt`: what a panel must have downloaded. */
export const artifactClaims = (artifact: ArtifactInput) => ({
  iss: artifact.issuer,
  iat: unixSeconds(artifact.issuedAt),
  exp: unixSeconds(artifact.expiresAt),
  product: artifact.product,
  version: artifact.version,
  platform: artifact.platform,
  arch: artifact.arch,
  filename: artifact.filename,
  size: artifact.size,
  sha256: artifact.sha256,
});

/**
 * SHA-256 (hexadecimal) of what a lease says apart from the times drawn at its issue. A stored lease whose digest differs
 * from today's says something that is no longer true, and is replaced however young it is.
 */
export const leaseDigest = (terms: LeaseTerms, policy: LeasePolicy): string =>
  hash(
    'sha256',
    canonicalJson({
      ...termClaims(terms),
      refresh_after_seconds: policy.refreshAfterSeconds,
      valid_for_seconds: policy.validForSeconds,
      grace_for_seconds: policy.graceForSeconds,
    }),
    'hex',
  );

const termClaims = (terms: LeaseTerms) => ({
  hwid: terms.hardwareId,
  product: terms.product,
  tier: terms.tier,
  version_floor: terms.versionFloor,
  limits: sortedByName(terms.limits),
  features: terms.features,
  license_expires_at: terms.licenseExpiresAt && isoSeconds(terms.licenseExpiresAt),
  updates_until: terms.updatesUntil && isoSeconds(terms.updatesUntil),
});

// jsonb keeps an order of its own, a request another: the bytes of a lease must not depend on where limits came from.
const sortedByName = (limits: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(limits).sort(([a], [b]) => (a < b ? -1 : 1)));

const unixSeconds = (time: Date) => Math.floor(time.getTime() / 1_000);

const MILLISECONDS = '.000Z';

/** ISO 8601, without a fraction of the second. */
export const isoSeconds = (time: Date) => `${time.toISOString().slice(0, -MILLISECONDS.length)}Z`;
