import type { Activation } from './entities/index.js';
import { unnestUnseen, type Run, type Statement } from './statements.js';
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

/** A lease as a row of `json_to_recordset`. */
export const leaseColumns = (lease: StoredLease) => ({
  lease_id: lease.id,
  kid: lease.kid,
  seq: lease.seq,
  issued_at: lease.issuedAt,
  refresh_after: lease.refreshAfter,
  valid_until: lease.validUntil,
  grace_until: lease.graceUntil,
  digest: lease.digest,
});

/** The columns of `leaseColumns`, as they are named there. */
export const LEASE_COLUMNS = `lease_id uuid, kid text, seq bigint, issued_at timestamptz, refresh_after timestamptz,
      valid_until timestamptz, grace_until timestamptz, digest text`;

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

const TAKE_SEATS: Statement = {
  name: 'take-seats',
  text: `insert into activations (id, license_id, hardware_id, activated_at, last_seen_at, version, hostname, platform,
      arch, usage, last_seen_ip, moved_from_hardware_id, offline_until, lease_id, lease_kid, lease_seq, lease_issued_at,
      lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest, anonymous)
    select asked.id, asked.license_id, asked.hardware_id, asked.now, asked.now, asked.version,
      case when c.erased_at is null then asked.hostname end, asked.platform, asked.arch, coalesce(asked.usage, '{}'),
      case when c.erased_at is null then asked.address end, asked.moved_from, asked.offline_until, asked.lease_id,
      asked.kid, asked.seq, asked.issued_at, asked.refresh_after, asked.valid_until, asked.grace_until, asked.digest,
      c.erased_at is not null
    from json_to_recordset($1::json) as asked (id uuid, license_id uuid, hardware_id text, now timestamptz, version text,
      hostname text, platform text, arch text, usage jsonb, address text, moved_from text, offline_until timestamptz,
      ${LEASE_COLUMNS})
    left join licenses l on l.id = asked.license_id left join customers c on c.id = l.customer_id
    returning ${SEAT}`,
};

/** Takes seats and answers each by its id. The caller holds their license rows and has decided that all of them are free. */
export async function takeSeats(run: Run, seats: readonly NewSeat[]): Promise<(id: string) => Activation> {
  const { rows } = await run<Activation>(TAKE_SEATS, [
    JSON.stringify(
      seats.map(({ id, licenseId, hardwareId, now, report, movedFromHardwareId, offlineUntil, lease }) => ({
        ...report,
        id,
        license_id: licenseId,
        hardware_id: hardwareId,
        now,
        moved_from: movedFromHardwareId,
        offline_until: offlineUntil,
        ...leaseColumns(lease),
      })),
    ),
  ]);
  const taken = new Map(rows.map((row) => [row.id, row]));
  return (id) => {
    const seat = taken.get(id);
    if (seat === undefined) throw new Error('An insert answers its rows');
    return seat;
  };
}

/** One seat, likewise. */
export const takeSeat = async (run: Run, seat: NewSeat): Promise<Activation> =>
  (await takeSeats(run, [seat]))(seat.id);

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

const LAST_SEQUENCES: Statement = {
  name: 'last-lease-sequences',
  text: `select coalesce((
      select max(a.lease_seq) from activations a
      where a.license_id = asked.license_id and a.hardware_id = asked.hardware_id), 0)::bigint as seq
    from ${unnestUnseen('$1::uuid[]', '$2::text[]')} with ordinality as asked (license_id, hardware_id, ord) order by ord`,
};

/**
 * The highest sequence that each hardware was ever given under its license, released seats included, in the order in which
 * they are asked for; 0 for none.
 */
export async function lastLeaseSequences(
  run: Run,
  asked: readonly { readonly licenseId: string; readonly hardwareId: string }[],
): Promise<number[]> {
  const { rows } = await run<{ seq: string }>(LAST_SEQUENCES, [
    asked.map(({ licenseId }) => licenseId),
    asked.map(({ hardwareId }) => hardwareId),
  ]);
  return rows.map(({ seq }) => Number(seq));
}

/** The same of one. */
export async function lastLeaseSequence(run: Run, licenseId: string, hardwareId: string): Promise<number> {
  const [seq = 0] = await lastLeaseSequences(run, [{ licenseId, hardwareId }]);
  return seq;
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
