import { HELD_LICENSE_FIELDS } from '../access/license-answer.js';
import type { Activation } from '../database/entities/index.js';
import type { LicenseView } from '../database/license-views.js';
import type { ReleaseRecord } from '../database/release-facts.js';
import {
  choice,
  counters,
  flag,
  hardwareIdShape,
  id,
  instant,
  integer,
  list,
  nullable,
  resource,
  sha256,
  text,
  version,
  type Wire,
} from '../http/shapes.js';

const LICENSE_FIELDS = { ...HELD_LICENSE_FIELDS, created_at: instant() };

export const OWN_LICENSE = resource('OwnLicense', LICENSE_FIELDS);

/** A license as its customer sees it: what the vendor keeps of it for itself (reason, metadata) is not for them. */
export const ownLicenseBody = (license: LicenseView): Wire<typeof OWN_LICENSE> => ({
  id: license.id,
  key: license.keyHint,
  product: license.product,
  tier: license.policy,
  status: license.status,
  limits: license.limits,
  features: license.features,
  max_activations: license.maxActivations,
  activations: license.activeSeats,
  expires_at: license.expiresAt,
  updates_until: license.updatesUntil,
  created_at: license.createdAt,
});

export const OWN_SEAT = resource('OwnActivation', {
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
  offline_until: nullable(
    instant({ description: 'Until then it works without asking, and can’t be freed here.' }),
    {
      example: null,
    },
  ),
  released_at: nullable(instant({ description: 'Null while the seat is in use.' }), { example: null }),
});

export const ownSeatBody = (seat: Activation): Wire<typeof OWN_SEAT> => ({
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
  released_at: seat.releasedAt,
});

/** A license with one page of its seats in use, and what all of them report together. */
export interface OwnLicense {
  readonly license: LicenseView;
  readonly usage: Readonly<Record<string, number>>;
  readonly seats: readonly Activation[];
}

export const OWN_LICENSE_WITH_SEATS = resource('OwnLicenseWithSeats', {
  ...LICENSE_FIELDS,
  usage: counters({ description: 'Of all seats in use together.' }),
  seats: list(OWN_SEAT, { description: 'Those in use, one page of them.' }),
});

export const ownLicenseWithSeatsBody = ({
  license,
  usage,
  seats,
}: OwnLicense): Wire<typeof OWN_LICENSE_WITH_SEATS> => ({
  ...ownLicenseBody(license),
  usage,
  seats: seats.map(ownSeatBody),
});

/** A release that a license covers, and what it says of itself. */
export interface OwnVersion {
  readonly release: ReleaseRecord;
  readonly changelog: string | null;
}

export const OWN_VERSION = resource('OwnVersion', {
  version: version(),
  channel: choice(['stable', 'beta', 'alpha']),
  security: flag(),
  released_at: instant(),
  changelog: nullable(text({ example: 'Faster.' })),
  artifacts: list(
    resource('OwnArtifact', {
      platform: nullable(text({ example: 'linux', description: 'Null fits every platform.' })),
      arch: nullable(text({ example: 'x64', description: 'Null fits every architecture.' })),
      filename: text({ example: 'panel-1.4.2.tgz' }),
      size: integer({ example: 20, description: 'Bytes.' }),
      sha256: sha256(),
    }),
  ),
});

export const ownVersionBody = ({ release, changelog }: OwnVersion): Wire<typeof OWN_VERSION> => ({
  version: release.version,
  channel: release.channel,
  security: release.security,
  released_at: release.releasedAt,
  changelog,
  artifacts: release.artifacts.map(({ platform, arch, filename, size, sha256: digest }) => ({
    platform,
    arch,
    filename,
    size,
    sha256: digest,
  })),
});
