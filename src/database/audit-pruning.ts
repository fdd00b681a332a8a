import type { Run, Statement } from './statements.js';

/** The last link that was taken from the beginning of the chain. */
export interface StoredAnchor {
  readonly seq: number;
  readonly hash: Buffer;
  /** ISO 8601 in microseconds. */
  readonly prunedAt: string;
  readonly mac: Buffer;
}

const ANCHOR: Statement = {
  name: 'audit-anchor',
  text: `select seq, hash, mac, to_char(pruned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as pruned_at
    from audit_pruned`,
};

/** What the chain goes on from; null for one that has its beginning. */
export async function loadAnchor(run: Run): Promise<StoredAnchor | null> {
  const [row] = (await run<{ seq: string; hash: Buffer; mac: Buffer; pruned_at: string }>(ANCHOR, [])).rows;
  return row === undefined
    ? null
    : { seq: Number(row.seq), hash: row.hash, mac: row.mac, prunedAt: row.pruned_at };
}

const PRUNE_LOCK = 7_066_830_575;

const TRY_TO_PRUNE: Statement = {
  name: 'try-to-prune',
  text: `select pg_try_advisory_xact_lock($1) as taken`,
};

/** Whether the transaction is the one in the cluster that may prune now. */
export async function tryToPrune(run: Run): Promise<boolean> {
  return (await run<{ taken: boolean }>(TRY_TO_PRUNE, [PRUNE_LOCK])).rows[0]?.taken === true;
}

const ALLOW_PRUNING: Statement = {
  name: 'allow-pruning',
  text: `select set_config('mooring.pruning', $1, true)`,
};

const KEEP_BLOCKED: Statement = {
  name: 'keep-blocked-hardware-of-customers',
  text: `insert into blocked_of_customers (customer_id, hardware_id)
    select distinct c.id, b.hardware_id
    from audit_events e
    join blocklist b on b.hardware_id = e.details ->> 'hardware_id'
    join customers c on c.id::text = e.details ->> 'customer_id' and c.erased_at is null
    where e.id = any($1::uuid[]) and e.subject_type = 'activation'
    on conflict do nothing`,
};

/** In the order in which they point to each other. */
const DELETE: readonly Statement[] = [
  { name: 'prune-audit-personal', text: 'delete from audit_personal where event_id = any($1::uuid[])' },
  { name: 'prune-audit-links', text: 'delete from audit_chain where event_id = any($1::uuid[])' },
  { name: 'prune-audit-events', text: 'delete from audit_events where id = any($1::uuid[])' },
];

const SAVE_ANCHOR: Statement = {
  name: 'save-audit-anchor',
  text: `insert into audit_pruned (seq, hash, pruned_at, mac) values ($1, $2, $3, $4)
    on conflict (id) do update set seq = excluded.seq, hash = excluded.hash, pruned_at = excluded.pruned_at,
      mac = excluded.mac`,
};

/** Deletes events with their links, the last of which is the new anchor. Call it in a transaction. */
export async function pruneThrough(
  run: Run,
  anchor: StoredAnchor,
  eventIds: readonly string[],
): Promise<void> {
  await run(KEEP_BLOCKED, [eventIds]);
  await run(ALLOW_PRUNING, ['on']);
  for (const statement of DELETE) await run(statement, [eventIds]);
  await run(SAVE_ANCHOR, [anchor.seq, anchor.hash, anchor.prunedAt, anchor.mac]);
  // Whatever else this transaction does is refused what everybody is refused.
  await run(ALLOW_PRUNING, ['off']);
}
