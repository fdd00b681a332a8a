import type { AuditEventFacts } from '../domain/audit-event-text.js';
import type { Run, Statement } from './statements.js';

/** An event as the chain covers it. */
export interface SealedEvent extends Omit<AuditEventFacts, 'details'> {
  /** The text that the database has: a number read into this process may lose digits. */
  readonly details: string;
  /** Null for an event from before events were authenticated. */
  readonly mac: Buffer | null;
}

/** A link of the chain as it is stored. */
export interface StoredLink {
  readonly seq: number;
  readonly eventId: string;
  readonly previousHash: Buffer;
  readonly hash: Buffer;
  /** ISO 8601 in microseconds. */
  readonly sealedAt: string;
}

/** A link with what belongs to it. */
export interface LinkFacts extends StoredLink {
  /** Null when it is gone. */
  readonly event: SealedEvent | null;
  /** Null when it was erased, or never was. */
  readonly personal: { readonly salt: Buffer; readonly data: string } | null;
}

const instant = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const EVENT = `e.id, ${instant('e.occurred_at')} as occurred_at, e.actor_type, e.actor_id, e.action, e.subject_type,
  e.subject_id, e.details::text as details, e.request_id, e.personal_hash, e.mac`;

const SEAL_LOCK = 7_066_830_574;

const TRY_TO_SEAL: Statement = {
  name: 'try-to-seal',
  text: `select pg_try_advisory_xact_lock($1) as taken`,
};

/** Whether the transaction is the one in the cluster that may seal now. */
export async function tryToSeal(run: Run): Promise<boolean> {
  return (await run<{ taken: boolean }>(TRY_TO_SEAL, [SEAL_LOCK])).rows[0]?.taken === true;
}

const HAS_UNSEALED: Statement = {
  name: 'has-unsealed-audit',
  text: `select exists (select from audit_unsealed) as found`,
};

/** A look that takes no lock: most seconds there is nothing to do. */
export async function hasUnsealed(run: Run): Promise<boolean> {
  return (await run<{ found: boolean }>(HAS_UNSEALED, [])).rows[0]?.found === true;
}

const CHAIN_HEAD: Statement = {
  name: 'audit-chain-head',
  text: `select c.seq, c.hash, e.id is not null and e.mac is null as is_old
    from audit_chain c left join audit_events e on e.id = c.event_id order by c.seq desc limit 1`,
};

export interface StoredHead {
  readonly seq: number;
  readonly hash: Buffer;
  /** Whether its event is from before events were authenticated. */
  readonly isOld: boolean;
}

/** The last link; null before the first. */
export async function loadChainHead(run: Run): Promise<StoredHead | null> {
  const [row] = (await run<{ seq: string; hash: Buffer; is_old: boolean }>(CHAIN_HEAD, [])).rows;
  return row === undefined ? null : { seq: Number(row.seq), hash: row.hash, isOld: row.is_old };
}

const LINK_HASH: Statement = {
  name: 'audit-link-hash',
  text: `select hash from audit_chain where seq = $1`,
};

/** Whether the chain still holds that link as it was. */
export async function holdsLink(run: Run, { seq, hash }: Pick<StoredHead, 'seq' | 'hash'>): Promise<boolean> {
  return (await run<{ hash: Buffer }>(LINK_HASH, [seq])).rows[0]?.hash.equals(hash) === true;
}

/** Before every id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Events in one transaction: what a crash repeats, and how long another node waits for the chain. */
export const SEALED_AT_ONCE = 1_000;

const UNSEALED: Statement = {
  name: 'unsealed-audit',
  // The numbers of rows are written out: with a parameter the planner takes them for a tenth of the table and reads it all.
  text: `select ${EVENT}, c.seq is not null as is_sealed
    from (select event_id from audit_unsealed where event_id > $1 order by event_id limit ${SEALED_AT_ONCE}) u
    join audit_events e on e.id = u.event_id
    left join audit_chain c on c.event_id = u.event_id
    order by u.event_id`,
};

/**
 * The events behind that id that are listed as unsealed, the oldest first. One that the chain holds all the same must not
 * be sealed twice.
 */
export async function loadUnsealed(
  run: Run,
  after: string,
): Promise<{ event: SealedEvent; isSealed: boolean }[]> {
  const { rows } = await run<SealedEvent & { is_sealed: boolean }>(UNSEALED, [after]);
  return rows.map(({ is_sealed: isSealed, ...event }) => ({ event, isSealed }));
}

const APPEND_LINKS: Statement = {
  name: 'append-audit-links',
  text: `insert into audit_chain (seq, event_id, previous_hash, hash, sealed_at)
    select seq, event_id, previous_hash, hash, $5
    from unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::bytea[]) as link (seq, event_id, previous_hash, hash)`,
};

export async function appendLinks(
  run: Run,
  links: readonly Omit<StoredLink, 'sealedAt'>[],
  sealedAt: Date,
): Promise<void> {
  await run(APPEND_LINKS, [
    links.map(({ seq }) => seq),
    links.map(({ eventId }) => eventId),
    links.map(({ previousHash }) => previousHash),
    links.map(({ hash }) => hash),
    sealedAt,
  ]);
}

const DROP_UNSEALED: Statement = {
  name: 'drop-unsealed-audit',
  text: `delete from audit_unsealed where event_id = any($1::uuid[])`,
};

export async function dropUnsealed(run: Run, eventIds: readonly string[]): Promise<void> {
  await run(DROP_UNSEALED, [eventIds]);
}

const COUNT_UNSEALED: Statement = {
  name: 'count-unsealed-audit',
  text: `select count(*)::int as count from audit_unsealed`,
};

export async function countUnsealed(run: Run): Promise<number> {
  return (await run<{ count: number }>(COUNT_UNSEALED, [])).rows[0]?.count ?? 0;
}

/** Links of a page: so many are in memory. */
export const LINKS_AT_ONCE = 500;

const LINKS: Statement = {
  name: 'audit-links',
  // The time of the event is null only when there is no event.
  text: `select c.seq, c.event_id, c.previous_hash, c.hash, ${instant('c.sealed_at')} as sealed_at, ${EVENT},
      p.salt, p.data::text as data
    from (select * from audit_chain where seq > $1 order by seq limit ${LINKS_AT_ONCE}) c
    left join audit_events e on e.id = c.event_id
    left join audit_personal p on p.event_id = c.event_id
    order by c.seq`,
};

interface LinkRow extends Omit<SealedEvent, 'id'> {
  readonly seq: string;
  readonly event_id: string;
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
  readonly sealed_at: string;
  readonly id: string | null;
  readonly salt: Buffer | null;
  readonly data: string;
}

const toLink = (row: LinkRow): LinkFacts => {
  const { seq, event_id, previous_hash, hash, sealed_at, salt, data, id, ...event } = row;
  return {
    seq: Number(seq),
    eventId: event_id,
    previousHash: previous_hash,
    hash,
    sealedAt: sealed_at,
    event: id === null ? null : { id, ...event },
    personal: salt === null ? null : { salt, data },
  };
};

/** The next page of links behind that number, in order. */
export async function loadLinks(run: Run, after: number): Promise<LinkFacts[]> {
  return (await run<LinkRow>(LINKS, [after])).rows.map(toLink);
}

/** Only ids: many can be looked at together. */
const IDS_AT_ONCE = 10_000;

const STRANGERS: Statement = {
  name: 'audit-strangers',
  text: `select (array_agg(id order by id))[count(*)] as last,
      coalesce(array_agg(id order by id) filter (where is_strange), '{}')::text[] as strangers
    from (
      select e.id, c.event_id is null and u.event_id is null as is_strange
      from (select id from audit_events where id > $1 order by id limit ${IDS_AT_ONCE}) e
      left join audit_chain c on c.event_id = e.id
      left join audit_unsealed u on u.event_id = e.id
    ) looked_at`,
};

/** The events among the next ids that are neither sealed nor wait for it; `last` is null behind the last event. */
export async function loadStrangers(
  run: Run,
  after: string,
): Promise<{ last: string | null; strangers: string[] }> {
  const [row] = (await run<{ last: string | null; strangers: string[] }>(STRANGERS, [after])).rows;
  return row ?? { last: null, strangers: [] };
}

const LOST_UNSEALED: Statement = {
  name: 'lost-unsealed-audit',
  text: `select u.event_id as id from audit_unsealed u
    where not exists (select from audit_events e where e.id = u.event_id) order by u.event_id limit $1`,
};

/** Events that wait to be sealed and are gone. */
export async function loadLostUnsealed(run: Run, limit: number): Promise<string[]> {
  return (await run<{ id: string }>(LOST_UNSEALED, [limit])).rows.map(({ id }) => id);
}
