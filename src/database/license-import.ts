import type { PoolClient } from 'pg';
import { copyRows, type CopyValue } from './copy-rows.js';
import type { License } from './entities/index.js';
import { findFlaws, flawsStatement, repeated, type StagedFlaws } from './import-checks.js';
import type { Run, Statement } from './statements.js';

/** A license on its way in. Of its key there is only what is kept of one: the key itself is written nowhere. */
export interface StagedLicense extends License {
  readonly line: number;
  readonly hash: Buffer;
  readonly hint: string;
}

const STAGE: Statement = {
  name: 'stage-licenses',
  // Of this transaction alone and gone with it, however it ends.
  text: `create temp table import_licenses (
      line integer not null, id uuid not null, hash bytea not null, hint text not null, product_id uuid not null,
      policy_id uuid not null, customer_id uuid, status text not null, status_reason text, max_activations integer not null,
      expires_at timestamptz, updates_until timestamptz, minimum_version text, limits jsonb not null,
      features jsonb not null, metadata jsonb not null, created_at timestamptz not null
    ) on commit drop`,
};

const TARGET = `import_licenses (line, id, hash, hint, product_id, policy_id, customer_id, status, status_reason,
  max_activations, expires_at, updates_until, minimum_version, limits, features, metadata, created_at)`;

const valuesOf = (row: StagedLicense): readonly CopyValue[] => [
  row.line,
  row.id,
  row.hash,
  row.hint,
  row.productId,
  row.policyId,
  row.customerId,
  row.status,
  row.statusReason,
  row.maxActivations,
  row.expiresAt,
  row.updatesUntil,
  row.minimumVersion,
  row.limits,
  row.features,
  row.metadata,
  row.createdAt,
];

async function* allValues(rows: AsyncIterable<StagedLicense>): AsyncGenerator<readonly CopyValue[]> {
  for await (const row of rows) yield valuesOf(row);
}

/** Takes licenses into a table of this transaction, as fast as the database does. */
export async function stageLicenses(
  client: PoolClient,
  run: Run,
  rows: AsyncIterable<StagedLicense>,
): Promise<void> {
  await run(STAGE, []);
  await copyRows(client, TARGET, allValues(rows));
  // Nobody else would: without numbers a million rows are joined as if they were a thousand.
  await client.query('analyze import_licenses');
}

const FLAWS = flawsStatement(
  'flaws-of-staged-licenses',
  `${repeated('import_licenses', 'hash', 'key')}
   union all
   select s.line, 'key', 'taken' from import_licenses s join license_keys k on k.hash = s.hash
   union all
   ${repeated('import_licenses', 'id', 'id')}
   union all
   select s.line, 'id', 'taken' from import_licenses s join licenses l on l.id = s.id
   union all
   select s.line, 'customer_id', 'selected' from import_licenses s
   where s.customer_id is not null
     and not exists (select 1 from customers c where c.id = s.customer_id and c.erased_at is null)`,
);

const HOLD_CUSTOMERS: Statement = {
  name: 'hold-customers-of-staged-licenses',
  text: `select count(*) from (
      select c.id from customers c where c.id in (select customer_id from import_licenses) order by c.id for share
    ) as held`,
};

/** Keeps the customers of the staged licenses from being erased before the commit. */
export async function holdCustomersOfLicenses(run: Run): Promise<void> {
  await run(HOLD_CUSTOMERS, []);
}

/** What of the staged licenses can't be taken, because of each other or of what is there. */
export const flawsOfLicenses = (run: Run): Promise<StagedFlaws> => findFlaws(run, FLAWS);

const INSERT_LICENSES: Statement = {
  name: 'insert-staged-licenses',
  text: `insert into licenses (id, product_id, policy_id, customer_id, status, status_reason, max_activations, expires_at,
      updates_until, minimum_version, limits, features, metadata, created_at, imported_at, updated_at)
    select id, product_id, policy_id, customer_id, status, status_reason, max_activations, expires_at, updates_until,
      minimum_version, limits, features, metadata, created_at, $1, $1
    from import_licenses order by line`,
};

const INSERT_KEYS: Statement = {
  name: 'insert-staged-keys',
  text: `insert into license_keys (hash, license_id, hint, created_at)
    select hash, id, hint, created_at from import_licenses order by line`,
};

/** Makes licenses of all that is staged; answers how many. */
export async function insertStagedLicenses(run: Run, now: Date): Promise<number> {
  const { rowCount } = await run(INSERT_LICENSES, [now]);
  await run(INSERT_KEYS, []);
  return rowCount;
}
