import type { Day, DaySpan } from '../domain/days.js';
import type { CodeOfDay } from '../domain/stats.js';
import type { LicenseAction, VerdictCode } from '../domain/verdicts.js';
import type { ListRun, ListStatement, Run, Statement } from './statements.js';

export interface CountedVerdict {
  readonly day: Day;
  /** The product's code; empty where no license was found. */
  readonly product: string;
  readonly action: LicenseAction;
  readonly code: VerdictCode;
  readonly count: number;
}

const ADD_COUNTS: Statement = {
  name: 'add-verdict-counts',
  // In the order of the key: two nodes that add at once wait for each other, and never both at a time.
  text: `insert into verdict_counts as stored (day, product, action, code, count)
    select day, product, action, code, count
    from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::bigint[])
      as added (day, product, action, code, count)
    order by day, product, action, code
    on conflict on constraint verdict_counts_pkey do update set count = stored.count + excluded.count`,
};

/** Adds to what is counted already. Each day, product, action and code may come once. */
export async function addVerdictCounts(run: Run, counts: readonly CountedVerdict[]): Promise<void> {
  await run(ADD_COUNTS, [
    counts.map(({ day }) => day),
    counts.map(({ product }) => product),
    counts.map(({ action }) => action),
    counts.map(({ code }) => code),
    counts.map(({ count }) => count),
  ]);
}

export interface CountsQuery extends DaySpan {
  /** A code; all products and what is nobody's unless given. */
  readonly product?: string | undefined;
  /** All unless given. */
  readonly action?: LicenseAction | undefined;
}

const COUNTS: ListStatement = {
  isForLists: true,
  name: 'verdict-counts',
  text: `select day::text, code, sum(count)::float8 as count from verdict_counts
    where day between $1 and $2 and ($3::text is null or product = $3) and ($4::text is null or action = $4)
    group by day, code`,
};

/** By day and code, in no order; without the days of which there is nothing to tell. */
export async function loadVerdictCounts(
  run: ListRun,
  { from, to, product, action }: CountsQuery,
): Promise<CodeOfDay[]> {
  return (await run<CodeOfDay>(COUNTS, [from, to, product ?? null, action ?? null])).rows;
}
