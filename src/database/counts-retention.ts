import type { Day } from '../domain/days.js';
import type { Run, Statement } from './statements.js';

/** What is counted day by day. */
export const COUNTED_TABLES = ['verdict_counts', 'license_days'] as const;

export type CountedTable = (typeof COUNTED_TABLES)[number];

const deleteOld = (table: CountedTable): Statement => ({
  name: `delete-old-${table}`,
  // Nobody counts on a day that is long over, so that its rows stay in their places.
  text: `delete from ${table} where ctid = any(array(
      select ctid from ${table} where day < $1 order by day limit $2
    ))`,
});

/** Deletes up to `limit` rows of days before that one; answers how many. */
export async function deleteOldDays(
  run: Run,
  table: CountedTable,
  before: Day,
  limit: number,
): Promise<number> {
  return (await run(deleteOld(table), [before, limit])).rowCount;
}
