import type { Activation } from './entities/index.js';
import type { Run, Statement } from './statements.js';
import type { StoredLease } from './license-facts.js';

/** A seat as a change leaves it: for who is told of the change. */
const SEAT = `id, license_id as "licenseId", hardware_id as "hardwareId", hostname, platform, arch, version, usage,
  last_seen_ip as "lastSeenIp", activated_at as "activatedAt", last_seen_at as "lastSeenAt",
  released_at as "releasedAt", release_reason as "releaseReason", moved_from_hardware_id as "movedFromHardwareId",
  offline_until as "offlineUntil", clone_suspected_at as "cloneSuspectedAt", presented_lease_id as "presentedLeaseId",
  lease_id as "leaseId", lease_kid as "leaseKid", lease_seq as "leaseSeq", lease_issued_at as "leaseIssuedAt",
  lease_refresh_after as "leaseRefreshAfter", lease_valid_until as "leaseValidUntil",
  lease_grace_until as "leaseGraceUntil", lease_digest as "leaseDigest", anonymous`;

/** What a panel tells of itself; null leaves what is known. */
export interface PanelReport {
  readonly version: string;
  readonly hostname: string | null;
  readonly platform: string | null;
  readonly arch: string | null;
  readonly usage: Record<string, number> | null;
  readonly address: string | null;
}

export interface CheckIn {
  readonly seatId: string;
  /** The lease that the decision saw: when another call has replaced it meanwhile, nothing is written. */
  readonly expectedLeaseId: string;
  readonly now: Date;
  readonly report: PanelReport;
  readonly presentedLeaseId: string | null;
  /** The same for the lease last presented: two calls must not each take it for theirs to replace. */
  readonly expectedPresentedLeaseId: string | null;
  readonly lease: StoredLease;
}

const leaseValues = (lease: StoredLease) => [
  lease.id,
  lease.kid,
  lease.seq,
  lease.issuedAt,
  lease.refreshAfter,
  lease.validUntil,
  lease.graceUntil,
  lease.digest,
];

const SAVE_CHECK_IN: Statement = {
  name: 'save-check-in',
  // An erasure that commits while this waits for the row is seen: `anonymous` is the row's own.
  // No indexed column changes here, so the row stays in its page and no index is touched (a HOT update).
  text: `update activations set last_seen_at = greatest(last_seen_at, $3), version = $4,
      hostname = case when anonymous then null else coalesce($5, hostname) end,
      platform = coalesce($6, platform), arch = coalesce($7, arch), usage = coalesce($8::jsonb, usage),
      last_seen_ip = case when anonymous then null else coalesce($9, last_seen_ip) end,
      presented_lease_id = $10, lease_id = $12, lease_kid = $13, lease_seq = $14, lease_issued_at = $15,
      lease_refresh_after = $16, lease_valid_until = $17, lease_grace_until = $18, lease_digest = $19
    where id = $1 and lease_id = $2 and presented_lease_id is not distinct from $11 and released_at is null`,
};

/** Compare-and-set on the stored lease. False: the seat was released or its lease renewed since the facts were read. */
export async function saveCheckIn(run: Run, c: CheckIn): Promise<boolean> {
  const { version, hostname, platform, arch, usage, address } = c.report;
  const { rowCount } = await run(SAVE_CHECK_IN, [
    c.seatId,
    c.expectedLeaseId,
    c.now,
    version,
    hostname,
    platform,
    arch,
    usage,
    address,
    c.presentedLeaseId,
    c.expectedPresentedLeaseId,
    ...leaseValues(c.lease),
  ]);
  return rowCount === 1;
}

const MARK_CLONE: Statement = {
  name: 'mark-clone',
  text: `update activations set clone_suspected_at = $2
    where id = $1 and clone_suspected_at is null and released_at is null returning ${SEAT}`,
};

/** Marks the seat and answers it, for the call that was first to; null for any other. */
export async function markClone(run: Run, seatId: string, now: Date): Promise<Activation | null> {
  return (await run<Activation>(MARK_CLONE, [seatId, now])).rows[0] ?? null;
}

export interface NewSeat {
  readonly id: string;
  readonly licenseId: string;
  readonly hardwareId: string;
  readonly now: Date;
  readonly report: PanelReport;
  readonly movedFromHardwareId: string | null;
  readonly offlineUntil: Date | null;
  readonly lease: StoredLease;
}

const TAKE_SEAT: Statement = {
  name: 'take-seat',
  text: `insert into activations (id, license_id, hardware_id, activated_at, last_seen_at, version, hostname, platform,
      arch, usage, last_seen_ip, moved_from_hardware_id, offline_until, lease_id, lease_kid, lease_seq, lease_issued_at,
      lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest, anonymous)
    select $1, $2, $3, $4, $4, $5, case when not erased then $6 end, $7, $8, coalesce($9::jsonb, '{}'),
      case when not erased then $10 end, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, erased
    from (select exists (
      select from licenses l join customers c on c.id = l.customer_id where l.id = $2 and c.erased_at is not null
    ) as erased) as customer
    returning ${SEAT}`,
};

/** Takes a seat and answers it. The caller holds the license row and has decided that one is free. */
export async function takeSeat(run: Run, seat: NewSeat): Promise<Activation> {
  const { version, hostname, platform, arch, usage, address } = seat.report;
  const { rows } = await run<Activation>(TAKE_SEAT, [
    seat.id,
    seat.licenseId,
    seat.hardwareId,
    seat.now,
    version,
    hostname,
    platform,
    arch,
    usage,
    address,
    seat.movedFromHardwareId,
    seat.offlineUntil,
    ...leaseValues(seat.lease),
  ]);
  if (rows[0] === undefined) throw new Error('An insert answers its row');
  return rows[0];
}

export type ReleaseReason = 'deactivated' | 'rebound' | 'stale' | 'admin' | 'reset' | 'customer';

const RELEASE_SEATS: Statement = {
  name: 'release-seats',
  text: `update activations set released_at = greatest($2, activated_at), release_reason = $3
    where id = any($1::uuid[]) and released_at is null returning ${SEAT}`,
};

/** Frees seats and answers those that were still held. The rows stay as history. */
export async function releaseSeats(
  run: Run,
  ids: readonly string[],
  now: Date,
  reason: ReleaseReason,
): Promise<Activation[]> {
  return (await run<Activation>(RELEASE_SEATS, [ids, now, reason])).rows;
}

const LAST_SEQUENCE: Statement = {
  name: 'last-lease-sequence',
  text: `select coalesce(max(lease_seq), 0)::bigint as seq from activations where license_id = $1 and hardware_id = $2`,
};

/** The highest sequence this hardware was ever given under this license, released seats included; 0 for none. */
export async function lastLeaseSequence(run: Run, licenseId: string, hardwareId: string): Promise<number> {
  const { rows } = await run<{ seq: string }>(LAST_SEQUENCE, [licenseId, hardwareId]);
  return Number(rows[0]?.seq ?? 0);
}

const RECORD_REBIND: Statement = {
  name: 'record-rebind',
  text: `insert into rebinds (id, license_id, from_hardware_id, to_hardware_id, moved_at) values ($1, $2, $3, $4, $5)`,
};

/** Counts a move against the quota, and lets the same move be recognised when it is sent again. */
export async function recordRebind(
  run: Run,
  move: { id: string; licenseId: string; from: string; to: string; now: Date },
): Promise<void> {
  await run(RECORD_REBIND, [move.id, move.licenseId, move.from, move.to, move.now]);
}
