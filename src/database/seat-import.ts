import type { PoolClient } from 'pg';
import { NOBODYS_DIGEST } from '../domain/lease-chain.js';
import { copyRows, type CopyValue } from './copy-rows.js';
import { findFlaws, flawsStatement, repeated, type StagedFlaws } from './import-checks.js';
import type { Run, Statement } from './statements.js';

/** A seat on its way in; its license is named by id or by the hash of a key. */
export interface StagedSeat {
  readonly line: number;
  readonly id: string;
  readonly licenseId: string | null;
  readonly keyHash: Buffer | null;
  readonly hardwareId: string;
  readonly hostname: string | null;
  readonly platform: string | null;
  readonly arch: string | null;
  readonly version: string;
  readonly activatedAt: Date;
  readonly lastSeenAt: Date;
  readonly offlineUntil: Date | null;
  readonly leaseId: string;
}

const STAGE: Statement = {
  name: 'stage-seats',
  // Of this transaction alone and gone with it, however it ends.
  text: `create temp table import_seats (
      line integer not null, id uuid not null, license_id uuid, key_hash bytea, hardware_id text not null, hostname text,
      platform text, arch text, version text not null, activated_at timestamptz not null, last_seen_at timestamptz not null,
      offline_until timestamptz, lease_id uuid not null
    ) on commit drop`,
};

const TARGET = `import_seats (line, id, license_id, key_hash, hardware_id, hostname, platform, arch, version, activated_at,
  last_seen_at, offline_until, lease_id)`;

async function* allValues(rows: AsyncIterable<StagedSeat>): AsyncGenerator<readonly CopyValue[]> {
  for await (const row of rows) {
    yield [
      row.line,
      row.id,
      row.licenseId,
      row.keyHash,
      row.hardwareId,
      row.hostname,
      row.platform,
      row.arch,
      row.version,
      row.activatedAt,
      row.lastSeenAt,
      row.offlineUntil,
      row.leaseId,
    ];
  }
}

const FIND_LICENSES: Statement = {
  name: 'find-licenses-of-staged-seats',
  // A key past its overlap names no license any more.
  text: `update import_seats s set license_id = k.license_id from license_keys k
    where k.hash = s.key_hash and (k.expires_at is null or k.expires_at > $1)`,
};

/** Takes seats into a table of this transaction, and finds the licenses of those that name one by its key. */
export async function stageSeats(
  client: PoolClient,
  run: Run,
  rows: AsyncIterable<StagedSeat>,
  now: Date,
): Promise<void> {
  await run(STAGE, []);
  await copyRows(client, TARGET, allValues(rows));
  await run(FIND_LICENSES, [now]);
  // Nobody else would: without numbers a million rows are joined as if they were a thousand.
  await client.query('analyze import_seats');
}

const LOCK_LICENSES: Statement = {
  name: 'lock-licenses-of-staged-seats',
  // In the order of their ids, so that two who take several can't wait for each other; and counted, for a million ids
  // would otherwise come to this process.
  text: `select count(*) from (
      select l.id from licenses l where l.id in (select license_id from import_seats) order by l.id for update
    ) as locked`,
};

/** Takes the license rows: from here to the commit nobody else takes or frees a seat of theirs, or lowers a limit. */
export async function lockLicensesOfSeats(run: Run): Promise<void> {
  await run(LOCK_LICENSES, []);
}

const FLAWS = flawsStatement(
  'flaws-of-staged-seats',
  `select s.line, case when s.key_hash is null then 'license_id' else 'license_key' end as field, 'selected' as reason
   from import_seats s where not exists (select 1 from licenses l where l.id = s.license_id)
   union all
   ${repeated('(select * from import_seats where license_id is not null) as named', 'license_id, hardware_id', 'hardware_id')}
   union all
   select s.line, 'hardware_id', 'taken' from import_seats s
   join activations a on a.license_id = s.license_id and a.hardware_id = s.hardware_id and a.released_at is null
   union all
   select s.line, 'hardware_id', 'selected' from import_seats s join blocklist b on b.hardware_id = s.hardware_id
   union all
   select line, field, 'full' from (
     select s.line, case when s.key_hash is null then 'license_id' else 'license_key' end as field, l.max_activations,
       row_number() over (partition by s.license_id order by s.line)
         + (select count(*) from activations a where a.license_id = s.license_id and a.released_at is null) as place
     from import_seats s join licenses l on l.id = s.license_id
   ) as seated where place > max_activations`,
);

/** What of the staged seats can't be taken, because of each other or of what is there. */
export const flawsOfSeats = (run: Run): Promise<StagedFlaws> => findFlaws(run, FLAWS);

const INSERT_SEATS: Statement = {
  name: 'insert-staged-seats',
  // Of an erased customer's panel no host name is kept.
  // The lease is one that nobody was given, so that the first call of the panel begins the chain, whatever it shows; its
  // number goes on where this hardware's last seat ended.
  text: `insert into activations (id, license_id, hardware_id, hostname, platform, arch, version, activated_at, last_seen_at,
      offline_until, lease_id, lease_kid, lease_seq, lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest,
      anonymous)
    select s.id, s.license_id, s.hardware_id, case when c.erased_at is null then s.hostname end, s.platform, s.arch, s.version, s.activated_at, s.last_seen_at,
      s.offline_until, s.lease_id, $1,
      coalesce((select max(a.lease_seq) from activations a where a.license_id = s.license_id and a.hardware_id = s.hardware_id), 0),
      s.activated_at, s.activated_at, s.activated_at, s.activated_at, $2,
      c.erased_at is not null
    from import_seats s join licenses l on l.id = s.license_id left join customers c on c.id = l.customer_id
    order by s.line`,
};

/** Makes seats of all that is staged; answers how many. The caller holds the license rows. */
export async function insertStagedSeats(run: Run, signerKid: string): Promise<number> {
  return (await run(INSERT_SEATS, [signerKid, NOBODYS_DIGEST])).rowCount;
}
