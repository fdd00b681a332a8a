import type { LicenseFacts } from '../domain/license-policy.js';

/** The newest lease of a seat. */
export interface StoredLease {
  readonly id: string;
  readonly kid: string;
  readonly seq: number;
  readonly issuedAt: Date;
  readonly refreshAfter: Date;
  readonly validUntil: Date;
  readonly graceUntil: Date;
  readonly digest: string;
}

export interface Seat {
  readonly id: string;
  readonly hardwareId: string;
  readonly hostname: string | null;
  readonly version: string;
  readonly activatedAt: Date;
  readonly lastSeenAt: Date;
  readonly lastSeenIp: string | null;
  readonly offlineUntil: Date | null;
  readonly cloneSuspectedAt: Date | null;
  readonly presentedLeaseId: string | null;
  readonly lease: StoredLease;
}

/** The license with everything its answer and its lease say. */
export interface LicenseRecord {
  readonly id: string;
  /** Whom it was sold to; no panel is told. */
  readonly customerId: string | null;
  readonly keyHint: string;
  readonly product: string;
  readonly tier: string;
  readonly status: LicenseFacts['status'];
  readonly maxActivations: number;
  readonly activeSeats: number;
  readonly expiresAt: Date | null;
  readonly updatesUntil: Date | null;
  readonly limits: Record<string, number>;
  readonly features: string[];
  readonly floors: LicenseFacts['floors'];
  readonly policy: {
    readonly refreshAfterSeconds: number;
    readonly validForSeconds: number;
    readonly graceForSeconds: number;
    readonly releaseSeatAfterDays: number | null;
    readonly rebindQuota: number;
    readonly onClone: 'report' | 'refuse';
  };
  readonly runningRelease: LicenseFacts['runningRelease'];
  readonly hardwareBlocked: boolean;
  readonly seat: Seat | null;
}

/** A row of the facts statement; everything but the ring's version is null where there is no license. */
export interface FactsRow {
  ord: number;
  ring_version: string;
  license_id: string | null;
  customer_id: string | null;
  key_hint: string;
  product: string;
  tier: string;
  status: LicenseFacts['status'];
  max_activations: number;
  active_seats: string;
  expires_at: Date | null;
  updates_until: Date | null;
  limits: Record<string, number>;
  features: string[];
  product_floor: string | null;
  policy_floor: string | null;
  license_floor: string | null;
  refresh_after_seconds: number;
  valid_for_seconds: number;
  grace_for_seconds: number;
  release_seat_after_days: number | null;
  rebind_quota: number;
  on_clone: 'report' | 'refuse';
  running_released_at: Date | null;
  running_security: boolean | null;
  hardware_blocked: boolean;
  seat_id: string | null;
  hardware_id: string;
  hostname: string | null;
  seat_version: string;
  activated_at: Date;
  last_seen_at: Date;
  last_seen_ip: string | null;
  offline_until: Date | null;
  clone_suspected_at: Date | null;
  presented_lease_id: string | null;
  lease_id: string;
  lease_kid: string;
  lease_seq: string;
  lease_issued_at: Date;
  lease_refresh_after: Date;
  lease_valid_until: Date;
  lease_grace_until: Date;
  lease_digest: string;
}

export function toRecord(id: string, row: FactsRow): LicenseRecord {
  return {
    id,
    customerId: row.customer_id,
    keyHint: row.key_hint,
    product: row.product,
    tier: row.tier,
    status: row.status,
    maxActivations: row.max_activations,
    activeSeats: Number(row.active_seats),
    expiresAt: row.expires_at,
    updatesUntil: row.updates_until,
    limits: row.limits,
    features: row.features,
    floors: { product: row.product_floor, policy: row.policy_floor, license: row.license_floor },
    policy: {
      refreshAfterSeconds: row.refresh_after_seconds,
      validForSeconds: row.valid_for_seconds,
      graceForSeconds: row.grace_for_seconds,
      releaseSeatAfterDays: row.release_seat_after_days,
      rebindQuota: row.rebind_quota,
      onClone: row.on_clone,
    },
    runningRelease:
      row.running_released_at === null
        ? null
        : { releasedAt: row.running_released_at, security: row.running_security === true },
    hardwareBlocked: row.hardware_blocked,
    seat: row.seat_id === null ? null : toSeat(row.seat_id, row),
  };
}

function toSeat(id: string, row: FactsRow): Seat {
  return {
    id,
    hardwareId: row.hardware_id,
    hostname: row.hostname,
    version: row.seat_version,
    activatedAt: row.activated_at,
    lastSeenAt: row.last_seen_at,
    lastSeenIp: row.last_seen_ip,
    offlineUntil: row.offline_until,
    cloneSuspectedAt: row.clone_suspected_at,
    presentedLeaseId: row.presented_lease_id,
    lease: {
      id: row.lease_id,
      kid: row.lease_kid,
      seq: Number(row.lease_seq),
      issuedAt: row.lease_issued_at,
      refreshAfter: row.lease_refresh_after,
      validUntil: row.lease_valid_until,
      graceUntil: row.lease_grace_until,
      digest: row.lease_digest,
    },
  };
}
