import type { Activation } from '../database/entities/index.js';
import {
  choice,
  counters,
  hardwareIdShape,
  id,
  instant,
  nullable,
  resource,
  text,
  version,
  type Wire,
} from '../http/shapes.js';
import { CHECK_IN } from './license-answer.js';

export const ACTIVATION_FIELDS = {
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
  release_reason: nullable(choice(['deactivated', 'rebound', 'stale', 'admin', 'reset', 'customer']), {
    example: null,
  }),
};

export const ACTIVATION = resource('Activation', { ...ACTIVATION_FIELDS, check_in: CHECK_IN });

/** A seat as admins see it. */
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

export const ACTIVATION_EVENT = resource('ActivationEvent', {
  license_id: id('License'),
  ...ACTIVATION_FIELDS,
  check_in: CHECK_IN,
});

/** What receivers are told of a seat: the same, and whose it is. */
export const activationEvent = (seat: Activation): Wire<typeof ACTIVATION_EVENT> => ({
  license_id: seat.licenseId,
  ...activationBody(seat),
});
