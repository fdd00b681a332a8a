import type { Run, Statement } from './statements.js';

/** What is over by itself at its `expires_at`, each row under the hash of a secret that opens nothing any more. */
export const SWEPT_TABLES = [
  'sessions',
  'sso_nonces',
  'download_tokens',
  'idempotency_keys',
  'license_keys',
] as const;

export type SweptTable = (typeof SWEPT_TABLES)[number];

const sweep = (table: SweptTable): Statement => ({
  name: `sweep-all-${table}`,
  // Rows that somebody holds at this moment are left for the next time. An array of them, for a list that the planner takes
  // for long would have it read the whole table.
  text: `delete from ${table} where hash = any(array(
      select hash from ${table} where expires_at <= $1 order by expires_at limit $2 for update skip locked
    ))`,
});

/** Deletes up to `limit` rows that have ended by `now`; answers how many. */
export async function deleteEnded(run: Run, table: SweptTable, now: Date, limit: number): Promise<number> {
  return (await run(sweep(table), [now, limit])).rowCount;
}
