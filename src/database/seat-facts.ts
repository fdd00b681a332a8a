import { unnestUnseen, type Run, type Statement } from './statements.js';

/** An active seat as far as the release after absence is concerned. */
export interface SeatPresence {
  readonly id: string;
  readonly hardwareId: string;
  readonly lastSeenAt: Date;
  readonly offlineUntil: Date | null;
}

export interface RebindHistory {
  readonly movesInWindow: number;
  /** The same move is on record. Whether the target still holds the seat is a fact of the seat. */
  readonly sameMoveRecorded: boolean;
  /** The hardware that the seat would leave is on the blocklist. */
  readonly previousBlocked: boolean;
}

export const REBIND_WINDOW_DAYS = 30;

const ACTIVE_SEATS: Statement = {
  name: 'active-seats',
  text: `select id, hardware_id as "hardwareId", last_seen_at as "lastSeenAt", offline_until as "offlineUntil"
    from activations where license_id = $1 and released_at is null`,
};

const SEAT: Statement = {
  name: 'seat-of-hardware',
  text: `select id, hardware_id as "hardwareId" from activations
    where license_id = $1 and hardware_id = $2 and released_at is null`,
};

const REBIND_HISTORY: Statement = {
  name: 'rebind-history',
  // No upper bound: `now` was drawn before the lock, perhaps on a node whose clock is behind that of the last move.
  text: `select
      count(*) filter (where moved_at > $4::timestamptz - make_interval(days => ${REBIND_WINDOW_DAYS}))::int as "movesInWindow",
      coalesce((array_agg(from_hardware_id order by moved_at desc, id desc) filter (where to_hardware_id = $3))[1] = $2, false)
        as "sameMoveRecorded",
      exists (select 1 from blocklist where hardware_id = $2) as "previousBlocked"
    from rebinds where license_id = $1`,
};

const HOLD_SEATS: Statement = {
  name: 'hold-active-seats',
  text: `${ACTIVE_SEATS.text} order by id for update`,
};

/** The seats of a license, for the choice of those unseen too long. */
export async function loadSeatPresence(run: Run, licenseId: string): Promise<SeatPresence[]> {
  return (await run<SeatPresence>(ACTIVE_SEATS, [licenseId])).rows;
}

/** The same, held until the commit: a phone-home, which takes no other lock, can't be seen between choice and release. */
export async function holdSeatPresence(run: Run, licenseId: string): Promise<SeatPresence[]> {
  return (await run<SeatPresence>(HOLD_SEATS, [licenseId])).rows;
}

/** The seat that a hardware holds, or null. */
export async function loadSeat(
  run: Run,
  licenseId: string,
  hardwareId: string,
): Promise<{ id: string; hardwareId: string } | null> {
  const { rows } = await run<{ id: string; hardwareId: string }>(SEAT, [licenseId, hardwareId]);
  return rows[0] ?? null;
}

/** The moves of a license: how many count against the quota, and whether the newest into `to` came from `from`. */
export async function loadRebindHistory(
  run: Run,
  move: { licenseId: string; from: string; to: string; now: Date },
): Promise<RebindHistory> {
  const { rows } = await run<RebindHistory>(REBIND_HISTORY, [move.licenseId, move.from, move.to, move.now]);
  if (rows[0] === undefined) throw new Error('An aggregate answers one row');
  return rows[0];
}

const LOCK_BY_KEY: Statement = {
  name: 'lock-license-by-key',
  text: `select l.id from licenses l where l.id = (select license_id from license_keys where hash = $1) for update`,
};
const LOCK_BY_ID: Statement = {
  name: 'lock-license-by-id',
  text: `select l.id from licenses l where l.id = $1 for update`,
};

/**
 * Takes the license row: from here to the commit no other call takes, moves or frees a seat of this license,
 * nor changes its limit or status. Every change of seats goes through this lock.
 */
export async function lockLicense(
  run: Run,
  by: { keyHash: Buffer } | { licenseId: string },
): Promise<boolean> {
  const { rowCount } =
    'keyHash' in by ? await run(LOCK_BY_KEY, [by.keyHash]) : await run(LOCK_BY_ID, [by.licenseId]);
  return rowCount === 1;
}

const LOCK_FREE: Statement = {
  name: 'lock-free-licenses',
  text: `select k.hash from ${unnestUnseen('$1::bytea[]')} as asked (hash)
    join license_keys k on k.hash = asked.hash join licenses l on l.id = k.license_id
    for update of l skip locked`,
};

/**
 * Takes the rows of those licenses that nobody else holds, and answers which keys are theirs, in hex. It waits for none:
 * who takes several rows could wait in a circle, and whoever holds one (an import, a reset) would hold up all the others.
 */
export async function lockFreeLicenses(run: Run, keyHashes: readonly Buffer[]): Promise<Set<string>> {
  const { rows } = await run<{ hash: Buffer }>(LOCK_FREE, [keyHashes]);
  return new Set(rows.map(({ hash }) => hash.toString('hex')));
}
