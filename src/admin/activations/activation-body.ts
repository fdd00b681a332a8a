import { licenseBody } from '../../access/license-answer.js';
import type { Activation } from '../../database/entities/index.js';
import type { LicenseRecord } from '../../database/license-facts.js';
import type { JwkSet } from '../../signing/key-rules.js';

export const activationBody = (seat: Activation) => ({
  id: seat.id,
  hardware_id: seat.hardwareId,
  hostname: seat.hostname,
  platform: seat.platform,
  arch: seat.arch,
  version: seat.version,
  usage: seat.usage,
  last_seen_ip: seat.lastSeenIp,
  activated_at: seat.activatedAt,
  last_seen_at: seat.lastSeenAt,
  offline_until: seat.offlineUntil,
  clone_suspected_at: seat.cloneSuspectedAt,
  moved_from_hardware_id: seat.movedFromHardwareId,
  released_at: seat.releasedAt,
  release_reason: seat.releaseReason,
  check_in: {
    refresh_after: seat.leaseRefreshAfter,
    valid_until: seat.leaseValidUntil,
    grace_until: seat.leaseGraceUntil,
  },
});

/** What is carried to a panel that can't phone home. */
export interface LeaseFile {
  readonly license: LicenseRecord;
  readonly seat: Activation;
  readonly lease: string;
  readonly jwks: JwkSet;
}

/**
 * What activate answers to a panel that asks itself, and the keys to check the lease by: the file is whole, so that it
 * can be carried in by hand and trusted through the key that the panel has pinned.
 */
export function leaseFileBody({ license, seat, lease, jwks }: LeaseFile) {
  const { check_in, ...activation } = activationBody(seat);
  return {
    license: licenseBody(license),
    activation,
    check_in,
    lease,
    jwks,
  };
}
