import type { Client } from 'pg';
import { GROWING } from './million.js';
import type { RanStatement } from './statements-run.js';

/** A node of a plan as EXPLAIN tells it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  /** Of each time that the node ran. */
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How the database would run a statement. */
export interface Plan {
  readonly indexes: ReadonlySet<string>;
  /** What in it grows with the tables. */
  readonly flaws: readonly string[];
}

/** Indexes of what is few, however much there is of the rest: to go through one of them is to look at what is due. */
const OF_FEW = new Set(['activations_clones_idx', 'events_undispatched_idx', 'audit_unsealed_pkey']);

/** Nodes that hand on a row as soon as they have one: below a limit they stop early. */
const PASSING_ON = new Set([
  'Limit',
  'Nested Loop',
  'Memoize',
  'LockRows',
  'Subquery Scan',
  'Merge Join',
  'Result',
  'Index Scan',
  'Index Only Scan',
  'Incremental Sort',
  'Materialize',
]);

/** Rows that are read and not wanted. A look-up or a page of a list has next to none. */
const MOST_THROWN_AWAY = 5_000;

const growing = new Set(GROWING);

function read(node: PlanNode, stopsEarly: boolean, plan: { indexes: Set<string>; flaws: string[] }): void {
  const { 'Node Type': type, 'Relation Name': table = '', 'Index Name': index } = node;
  if (index !== undefined) plan.indexes.add(index);
  if (type === 'Seq Scan' && growing.has(table)) plan.flaws.push(`reads all of ${table}`);
  if (index !== undefined && node['Index Cond'] === undefined && !stopsEarly && !OF_FEW.has(index)) {
    plan.flaws.push(`goes through all of ${index}`);
  }
  const thrownAway = (node['Rows Removed by Filter'] ?? 0) * (node['Actual Loops'] ?? 1);
  if (thrownAway > MOST_THROWN_AWAY && growing.has(table))
    plan.flaws.push(`throws away ${thrownAway} rows of ${table}`);
  const below = type === 'Limit' || (stopsEarly && PASSING_ON.has(type));
  for (const child of node.Plans ?? []) read(child, below, plan);
}

function planOf(rows: readonly Record<string, unknown>[]): Plan {
  const [row] = rows as [{ 'QUERY PLAN': [{ Plan: PlanNode }] }];
  const [{ Plan: root }] = row['QUERY PLAN'];
  const plan = { indexes: new Set<string>(), flaws: [] as string[] };
  read(root, false, plan);
  return plan;
}

/**
 * With these values, as a statement without a name is always planned, and one with a name the first five times. What only
 * reads is run as well, to see what it reads in vain.
 */
export async function planFor(client: Client, { text, values }: RanStatement): Promise<Plan> {
  await client.query('begin');
  try {
    const how = /^\s*select/i.test(text) ? 'analyze, timing off, ' : '';
    const { rows } = await client.query(`explain (${how}format json) ${text}`, [...values]);
    return planOf(rows);
  } finally {
    await client.query('rollback');
  }
}

/** For any values: what a statement with a name comes to on a connection that has run it often. */
export async function planForAny(client: Client, { text, values }: RanStatement): Promise<Plan> {
  await client.query(`set plan_cache_mode = force_generic_plan`);
  await client.query(`prepare looked_at as ${text}`);
  try {
    // The plan is made without them.
    const given = values.length === 0 ? '' : `(${values.map(() => 'null').join(', ')})`;
    const { rows } = await client.query(`explain (format json) execute looked_at${given}`);
    return planOf(rows);
  } finally {
    await client.query('deallocate looked_at');
    await client.query('reset plan_cache_mode');
  }
}
