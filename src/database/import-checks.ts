import type { Run, Statement } from './statements.js';

/** A staged row that can't be taken, and why: the value is another's already, or names nothing that could be meant. */
export interface StagedFlaw {
  readonly line: number;
  readonly field: string;
  readonly reason: 'taken' | 'selected' | 'full';
}

export interface StagedFlaws {
  readonly total: number;
  /** The first thousand, by line. */
  readonly flaws: StagedFlaw[];
}

/** A statement that answers the flaws among all staged rows; `found` selects line, field and reason. */
export const flawsStatement = (name: string, found: string): Statement => ({
  name,
  text: `with found as (${found}), each as (select distinct line, field, reason from found)
    select line, field, reason, count(*) over ()::int as total from each order by line, field limit 1000`,
});

export async function findFlaws(
  run: Run,
  statement: Statement,
  values: unknown[] = [],
): Promise<StagedFlaws> {
  const { rows } = await run<StagedFlaw & { total: number }>(statement, values);
  return {
    total: rows[0]?.total ?? 0,
    flaws: rows.map(({ line, field, reason }) => ({ line, field, reason })),
  };
}

/** Of rows that must differ, all but the first. */
export const repeated = (table: string, columns: string, field: string): string =>
  `select line, '${field}' as field, 'taken' as reason
   from (select line, row_number() over (partition by ${columns} order by line) as place from ${table}) as placed
   where place > 1`;

const CLAIM: Statement = {
  name: 'claim-imports',
  text: 'select pg_try_advisory_xact_lock(7066830573) as mine',
};

/** Whether this transaction may import. One at a time on all nodes: each takes what a database has to give. */
export async function claimImports(run: Run): Promise<boolean> {
  const { rows } = await run<{ mine: boolean }>(CLAIM, []);
  return rows[0]?.mine === true;
}
