import type { DataSource } from 'typeorm';
import { LEASE_COLUMNS, leaseColumns, type CheckIn, type PanelReport } from './activations.js';
import { inTransaction, type Run, type Statement } from './statements.js';

/** A call that changed no lease: what its panel told of itself, and when. */
export interface Sighting {
  readonly seatId: string;
  /** Whose license it was. */
  readonly customerId: string | null;
  readonly now: Date;
  readonly report: PanelReport;
}

/**
 * The rows of seats that nobody else is writing, held. A batch never waits for a row: whoever holds one (a reset of
 * hundreds of seats, another node's batch) would hold up every panel in it, and two batches could wait for each other.
 */
const held = (asked: string, wait: 'wait' | 'skip') => `
    with asked as materialized (${asked}),
    held as materialized (
      select a.id from activations a join asked on asked.seat_id = a.id order by a.id
      for no key update of a ${wait === 'skip' ? 'skip locked' : ''})`;

/** What a report changes in `a`. An erasure is seen: `anonymous` is the row's own. No indexed column: a HOT update. */
const reportedBy = (hostname: string, address: string) => `version = asked.version,
      hostname = case when a.anonymous then null else coalesce(${hostname}, a.hostname) end,
      platform = coalesce(asked.platform, a.platform), arch = coalesce(asked.arch, a.arch),
      usage = coalesce(asked.usage, a.usage),
      last_seen_ip = case when a.anonymous then null else coalesce(${address}, a.last_seen_ip) end`;

const REPORT_COLUMNS = `seat_id uuid, now timestamptz, version text, hostname text, platform text, arch text, usage jsonb,
      address text`;

const SAVE_CHECK_INS: Statement = {
  name: 'save-check-ins',
  text: `${held(
    `select * from json_to_recordset($1::json) as asked (${REPORT_COLUMNS}, expected_lease_id uuid,
      expected_presented_id uuid, presented_id uuid, ${LEASE_COLUMNS})`,
    'skip',
  )}, saved as (
      update activations a set last_seen_at = greatest(a.last_seen_at, asked.now),
        ${reportedBy('asked.hostname', 'asked.address')},
        presented_lease_id = asked.presented_id, lease_id = asked.lease_id, lease_kid = asked.kid, lease_seq = asked.seq,
        lease_issued_at = asked.issued_at, lease_refresh_after = asked.refresh_after,
        lease_valid_until = asked.valid_until, lease_grace_until = asked.grace_until, lease_digest = asked.digest
      from asked join held on held.id = asked.seat_id
      where a.id = asked.seat_id and a.lease_id = asked.expected_lease_id
        and a.presented_lease_id is not distinct from asked.expected_presented_id and a.released_at is null
      returning a.id)
    select held.id, saved.id is not null as saved from held left join saved on saved.id = held.id`,
};

const reported = ({ seatId, now, report }: Pick<Sighting, 'seatId' | 'now' | 'report'>) => ({
  seat_id: seatId,
  now,
  version: report.version,
  hostname: report.hostname,
  platform: report.platform,
  arch: report.arch,
  usage: report.usage,
  address: report.address,
});

/**
 * Compare-and-set on the stored lease of many seats, each of which may come once, in one statement and its own commit.
 * By seat: true when it was written, false when it was released or its lease renewed since the facts were read. A seat
 * whose row somebody else was writing is missing and has to be saved by itself.
 */
export async function saveCheckIns(run: Run, changes: readonly CheckIn[]): Promise<Map<string, boolean>> {
  const { rows } = await run<{ id: string; saved: boolean }>(SAVE_CHECK_INS, [
    JSON.stringify(
      changes.map((change) => ({
        ...reported(change),
        expected_lease_id: change.expectedLeaseId,
        expected_presented_id: change.expectedPresentedLeaseId,
        presented_id: change.presentedLeaseId,
        ...leaseColumns(change.lease),
      })),
    ),
  ]);
  return new Map(rows.map(({ id, saved }) => [id, saved]));
}

/** What was told by name is the customer's whose license it was then, and no other's. */
const ofCustomer = (told: string) =>
  `case when l.customer_id is not distinct from asked.customer_id then ${told} end`;

const noteSeats = (wait: 'wait' | 'skip'): Statement => ({
  name: `note-sightings-${wait}`,
  text: `${held(`select * from json_to_recordset($1::json) as asked (${REPORT_COLUMNS}, customer_id uuid)`, wait)},
    noted as (
      update activations a set last_seen_at = asked.now,
        ${reportedBy(ofCustomer('asked.hostname'), ofCustomer('asked.address'))}
      from asked join held on held.id = asked.seat_id, licenses l
      where a.id = asked.seat_id and l.id = a.license_id and a.last_seen_at <= asked.now and a.released_at is null
      returning a.id)
    select asked.seat_id as id from asked
    left join noted on noted.id = asked.seat_id left join held on held.id = asked.seat_id
    left join activations a on a.id = asked.seat_id
    where noted.id is not null or held.id is not null or a.id is null`,
});
const NOTE = { wait: noteSeats('wait'), skip: noteSeats('skip') };

const noted = (sighting: Sighting) => ({ ...reported(sighting), customer_id: sighting.customerId });

/**
 * Writes down what panels told of themselves, unless something later is known; each seat may come once. Answers the seats
 * that are done with, those that are no longer there among them. The others were being written by somebody else.
 */
export async function noteSightings(run: Run, sightings: readonly Sighting[]): Promise<Set<string>> {
  const { rows } = await run<{ id: string }>(NOTE.skip, [JSON.stringify(sightings.map(noted))]);
  return new Set(rows.map(({ id }) => id));
}

const WAIT_BRIEFLY: Statement = {
  name: 'wait-briefly',
  text: `select set_config('lock_timeout', '3s', true)`,
};

/**
 * The same for one that can't be noted later, as the service stops: waits for who writes the row, and not so long that it
 * could not stop in time. One by one: who holds no other row meanwhile can't be waited for in a circle.
 */
export async function noteSightingAtLast(dataSource: DataSource, sighting: Sighting): Promise<void> {
  await dataSource.transaction(async (manager) => {
    const run = await inTransaction(manager);
    await run(WAIT_BRIEFLY, []);
    await run(NOTE.wait, [JSON.stringify([noted(sighting)])]);
  });
}
