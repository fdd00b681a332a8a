import type { LicenseFacts } from '../domain/license-policy.js';
import type { Run, Statement } from './statements.js';

/** What a call says about itself, as far as facts are looked up by it. */
export interface FactsQuery {
  readonly by: { readonly keyHash: Buffer } | { readonly licenseId: string };
  readonly hardwareId: string | null;
  /** The version the panel runs, without build metadata; null where the call names none. */
  readonly precedence: string | null;
  readonly now: Date;
}

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

export interface LoadedFacts {
  /** The key ring's version as of this call: a node that holds another one reloads before it signs. */
  readonly ringVersion: string;
  /** Null when no such license exists, or the key is past its overlap. */
  readonly license: LicenseRecord | null;
}

interface Row {
  ring_version: string;
  license_id: string | null;
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

/**
 * One statement, one snapshot: what the rules need, and the ring's version even when there is no license.
 * `key` is how the license is found; the rest is the same for every caller.
 */
const factsStatement = (name: string, key: string): Statement => ({
  name,
  text: `
    select ring.version as ring_version,
      l.id as license_id, k.hint as key_hint, p.code as product, t.code as tier, l.status,
      l.max_activations, l.expires_at, l.updates_until, l.limits, l.features,
      (select count(*) from activations s where s.license_id = l.id and s.released_at is null) as active_seats,
      p.minimum_version as product_floor, t.minimum_version as policy_floor, l.minimum_version as license_floor,
      t.refresh_after_seconds, t.valid_for_seconds, t.grace_for_seconds,
      t.release_seat_after_days, t.rebind_quota, t.on_clone,
      r.released_at as running_released_at, r.security as running_security,
      exists (select 1 from blocklist b where b.hardware_id = $2) as hardware_blocked,
      a.id as seat_id, a.hardware_id, a.hostname, a.version as seat_version, a.activated_at, a.last_seen_at,
      a.last_seen_ip, a.offline_until, a.clone_suspected_at, a.presented_lease_id,
      a.lease_id, a.lease_kid, a.lease_seq, a.lease_issued_at, a.lease_refresh_after, a.lease_valid_until,
      a.lease_grace_until, a.lease_digest
    from key_ring ring
    left join license_keys k on ${key}
    left join licenses l on l.id = k.license_id
    left join products p on p.id = l.product_id
    left join policies t on t.id = l.policy_id
    left join activations a on a.license_id = l.id and a.hardware_id = $2 and a.released_at is null
    left join releases r on r.product_id = l.product_id and r.precedence = $3 and r.published_at is not null`,
});

const BY_KEY = factsStatement(
  'license-facts-by-key',
  'k.hash = $1::bytea and (k.expires_at is null or k.expires_at > $4::timestamptz)',
);
// `$4` must be named in both forms: the values are the same.
const BY_ID = factsStatement(
  'license-facts-by-id',
  'k.license_id = $1::uuid and k.expires_at is null and $4::timestamptz is not null',
);

/** Loads everything a decision about one license needs; decides nothing. */
export async function loadLicenseFacts(run: Run, query: FactsQuery): Promise<LoadedFacts> {
  const [statement, key] =
    'keyHash' in query.by ? ([BY_KEY, query.by.keyHash] as const) : ([BY_ID, query.by.licenseId] as const);
  const { rows } = await run<Row>(statement, [key, query.hardwareId, query.precedence, query.now]);
  const row = rows[0];
  if (row === undefined) throw new Error('The key_ring row is missing');
  return {
    ringVersion: row.ring_version,
    license: row.license_id === null ? null : toRecord(row.license_id, row),
  };
}

const RING_VERSION: Statement = { name: 'ring-version', text: 'select version from key_ring' };

/** The key ring's version alone, for what is signed without a license. */
export async function loadRingVersion(run: Run): Promise<string> {
  const { rows } = await run<{ version: string }>(RING_VERSION, []);
  if (rows[0] === undefined) throw new Error('The key_ring row is missing');
  return rows[0].version;
}

function toRecord(id: string, row: Row): LicenseRecord {
  return {
    id,
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

function toSeat(id: string, row: Row): Seat {
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
