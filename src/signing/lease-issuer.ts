import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { LicenseRecord, StoredLease } from '../database/license-facts.js';
import { versionFloor } from '../domain/license-policy.js';
import { leaseClaims, leaseDigest, type LeaseTerms } from './claims.js';
import { JWS_TYPES } from './jws.js';
import { KeyRing } from './key-ring.js';
import { drawLeaseTimes, type LeasePolicy } from './lease-times.js';

const terms = (license: LicenseRecord, hardwareId: string): LeaseTerms => ({
  hardwareId,
  product: license.product,
  tier: license.tier,
  versionFloor: versionFloor(license),
  limits: license.limits,
  features: license.features,
  licenseExpiresAt: license.expiresAt,
  updatesUntil: license.updatesUntil,
});

/** Makes the leases of a license: drawn once and stored, signed again whenever they are answered. */
@Injectable()
export class LeaseIssuer {
  constructor(private readonly ring: KeyRing) {}

  /** What a lease of this license would say now. */
  digest(license: LicenseRecord, hardwareId: string): string {
    return leaseDigest(terms(license, hardwareId), license.policy);
  }

  /** Whether the lease's key may still sign: a compromised one may not, so its leases are replaced. */
  canSign(lease: StoredLease): boolean {
    return this.ring.isUsable(lease.kid);
  }

  /**
   * Draws a new lease, not yet stored. `lastSeq` is the highest sequence this hardware was given, 0 for none;
   * `policy` replaces the tier's lengths, for a seat that can't phone home.
   */
  draw(
    license: LicenseRecord,
    hardwareId: string,
    { now, lastSeq, policy = license.policy }: { now: Date; lastSeq: number; policy?: LeasePolicy },
  ): StoredLease {
    return {
      id: uuidv7(),
      kid: this.ring.signer(now).kid,
      seq: Math.max(now.getTime(), lastSeq + 1),
      issuedAt: now,
      ...drawLeaseTimes({ now, policy, expiresAt: license.expiresAt, jitter: Math.random() }),
      digest: leaseDigest(terms(license, hardwareId), policy),
    };
  }

  /** The lease as a compact JWS. The same stored lease gives the same bytes on every node. */
  sign(license: LicenseRecord, hardwareId: string, lease: StoredLease): Promise<string> {
    const claims = leaseClaims({
      ...terms(license, hardwareId),
      issuer: this.ring.issuer,
      licenseId: license.id,
      leaseId: lease.id,
      issuedAt: lease.issuedAt,
      seq: lease.seq,
      refreshAfter: lease.refreshAfter,
      validUntil: lease.validUntil,
      graceUntil: lease.graceUntil,
    });
    return this.ring.sign(JWS_TYPES.lease, claims, { kid: lease.kid, validUntil: lease.graceUntil });
  }
}
