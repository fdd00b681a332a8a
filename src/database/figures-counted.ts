import type { ListRun, ListStatement, Run, Statement } from './statements.js';

/** When licenses and seats were counted, and what that took. */
export interface Counted {
  readonly at: Date;
  readonly tookMs: number;
  /** Licenses and seats together. */
  readonly rows: number;
}

const COUNTED: ListStatement = {
  isForLists: true,
  name: 'figures-counted',
  text: 'select counted_at as at, took_ms as "tookMs", rows::float8 as rows from figures_counted',
};

/** Null when they never were. */
export async function loadCounted(run: ListRun): Promise<Counted | null> {
  return (await run<Counted>(COUNTED, [])).rows[0] ?? null;
}

const COUNT_LOCK = 7_066_830_576;

const TRY_TO_COUNT: Statement = {
  name: 'try-to-count',
  text: 'select pg_try_advisory_xact_lock($1) as taken',
};

/** Whether the transaction is the one in the cluster that may count now. */
export async function tryToCount(run: Run): Promise<boolean> {
  return (await run<{ taken: boolean }>(TRY_TO_COUNT, [COUNT_LOCK])).rows[0]?.taken === true;
}

const FORGET_FIELD: Statement = { name: 'forget-field-counts', text: 'delete from field_counts' };

const COUNT_FIELD: Statement = {
  name: 'count-field',
  text: `insert into field_counts (product, version, seats, last_seen_at)
    select p.code, a.version, count(*), max(a.last_seen_at)
    from activations a join licenses l on l.id = a.license_id join products p on p.id = l.product_id
    where a.released_at is null group by p.code, a.version`,
};

/** Counts the seats in use by what they run. It reads every one of them. Call it in a transaction. */
export async function countField(run: Run): Promise<void> {
  await run(FORGET_FIELD, []);
  await run(COUNT_FIELD, []);
}

const NOTE: Statement = {
  name: 'note-figures-counted',
  text: `insert into figures_counted (counted_at, took_ms, rows)
    select $1, $2, coalesce(sum(licenses + seats), 0) from license_days where day = ($1::timestamptz at time zone 'UTC')::date
    on conflict (id) do update set counted_at = excluded.counted_at, took_ms = excluded.took_ms, rows = excluded.rows`,
};

export async function noteCounted(run: Run, at: Date, tookMs: number): Promise<void> {
  await run(NOTE, [at, tookMs]);
}
