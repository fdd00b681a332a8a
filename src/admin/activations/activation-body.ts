import { CHECK_IN, JWK_SET, licenseBody, PANEL_LICENSE } from '../../access/license-answer.js';
import type { Activation } from '../../database/entities/index.js';
import type { LicenseRecord } from '../../database/license-facts.js';
import {
  choice,
  counters,
  hardwareIdShape,
  id,
  instant,
  integer,
  jws,
  nullable,
  object,
  resource,
  text,
  version,
  type Wire,
} from '../../http/shapes.js';
import type { JwkSet } from '../../signing/key-rules.js';

const FIELDS = {
  id: id('Activation'),
  hardware_id: hardwareIdShape(),
  hostname: nullable(text({ example: 'panel-1.example.com' })),
  platform: nullable(text({ example: 'linux' })),
  arch: nullable(text({ example: 'x64' })),
  version: version({ example: '1.0.0', description: 'The version that the panel runs.' }),
  usage: counters(),
  last_seen_ip: nullable(text({ example: '192.0.2.7' })),
  activated_at: instant(),
  last_seen_at: instant(),
  offline_until: nullable(instant({ description: 'The promise of a lease that was carried to it.' }), {
    example: null,
  }),
  clone_suspected_at: nullable(instant({ description: 'When two machines were seen on this seat.' }), {
    example: null,
  }),
  moved_from_hardware_id: nullable(hardwareIdShape(), { example: null }),
  released_at: nullable(instant({ description: 'Null while the seat is in use.' }), { example: null }),
  release_reason: nullable(choice(['deactivated', 'rebound', 'stale', 'admin', 'reset']), { example: null }),
};

export const ACTIVATION = resource('Activation', { ...FIELDS, check_in: CHECK_IN });

/** The seats that were freed. */
export const RESET = object({ released: integer() });

export const activationBody = (seat: Activation): Wire<typeof ACTIVATION> => ({
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

export const LEASE_FILE = resource('LeaseFile', {
  license: PANEL_LICENSE,
  activation: resource('OfflineActivation', FIELDS),
  check_in: CHECK_IN,
  lease: jws('mooring-lease+jwt', 'What the panel works on.'),
  jwks: JWK_SET,
});

/**
 * What activate answers to a panel that asks itself, and the keys to check the lease by: the file is whole, so that it
 * can be carried in by hand and trusted through the key that the panel has pinned.
 */
export function leaseFileBody({ license, seat, lease, jwks }: LeaseFile): Wire<typeof LEASE_FILE> {
  const { check_in, ...activation } = activationBody(seat);
  return {
    license: licenseBody(license),
    activation,
    check_in,
    lease,
    jwks,
  };
}
