import { loadAuditViews, type AuditView } from './audit-views.js';
import {
  eventsOfLicenses,
  eventsOfUsers,
  FIRST_ID,
  formerUsers,
  LICENSE_BATCH,
  licensesSince,
} from './customer-trail.js';
import type { Run, Statement } from './statements.js';

/** What is read in one go: little enough that memory does not grow with the customer. */
const ROWS_AT_ONCE = 500;

/** Every license of a batch has its seats and events looked up. */
const LICENSES_AT_ONCE = 200;

interface Row {
  readonly id: string;
}

const USERS: Statement = {
  name: 'export-users-of-customer',
  text: `select id, username, email, role, status, totp_enabled_at is not null as two_factor, created_at, updated_at
    from users where customer_id = $1 and id > $2 order by id limit $3`,
};

const SESSIONS: Statement = {
  name: 'export-sessions-of-customer',
  text: `select s.id, s.user_id, s.origin, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
    from sessions s join users u on u.id = s.user_id
    where u.customer_id = $1 and s.id > $2 order by s.id limit $3`,
};

const SEATS: Statement = {
  name: 'export-seats-of-licenses',
  text: `select a.id, a.license_id, a.hardware_id, a.hostname, a.platform, a.arch, a.version, a.usage, a.last_seen_ip,
      a.activated_at, a.last_seen_at, a.offline_until, a.clone_suspected_at, a.moved_from_hardware_id, a.released_at,
      a.release_reason
    from (${licensesSince('$1', '$4')}) l join activations a on a.license_id = l.id
    where (a.released_at is null or a.released_at > l.since) and a.id > $2 order by a.id limit $3`,
};

const MOVES: Statement = {
  name: 'export-moves-of-licenses',
  text: `select r.id, r.license_id, r.from_hardware_id, r.to_hardware_id, r.moved_at
    from (${licensesSince('$1', '$4')}) l join rebinds r on r.license_id = l.id
    where r.moved_at > l.since and r.id > $2 order by r.id limit $3`,
};

/** About the customer, and whatever was the customer's when it happened. */
const EVENTS_OF_CUSTOMER: Statement = {
  name: 'export-events-of-customer',
  text: `select id from audit_events
    where details ? 'customer_id' and details ->> 'customer_id' = $1::uuid::text and id > $2
    order by details ->> 'customer_id', id limit $3`,
};

/** Those about its users that name nobody. */
const EVENTS_OF_USERS: Statement = {
  name: 'export-events-of-users',
  text: `select id from audit_events
    where id in (
        with its as (select id from users where customer_id = $1 union ${formerUsers('$1')})
        select id from (${eventsOfUsers('array(select id from its)', '$1')}) of_users
      )
      and id > $2
    order by id limit $3`,
};

/** Those about its licenses that name nobody: of the time before they were anybody's. */
const EVENTS_OF_LICENSES: Statement = {
  name: 'export-events-of-licenses',
  text: `select id from audit_events where id in (${eventsOfLicenses('$1', '$4')}) and id > $2 order by id limit $3`,
};

/** Which of some events somebody else did: neither a panel, nor a user of the customer, nor who tried to log in as one. */
const DONE_BY_OTHERS: Statement = {
  name: 'events-done-by-others',
  text: `select e.id from audit_events e
    where e.id = any($1::uuid[]) and e.actor_type <> 'panel' and not (e.actor_type = 'user' and (
      e.actor_id is null
      or exists (select from users u where u.id::text = e.actor_id and u.customer_id = $2)
      or exists (select from former_customers f where f.subject_type = 'user' and f.subject_id::text = e.actor_id
        and f.customer_id = $2)
    ))`,
};

/** All rows of a statement by `$1`, page by page: those behind the id `$2`, `$3` at the most. */
async function* pages<R extends Row>(
  run: Run,
  statement: Statement,
  of: unknown,
  ...more: unknown[]
): AsyncGenerator<R[]> {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await run<R>(statement, [of, after, ROWS_AT_ONCE, ...more]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.id;
  }
}

const idsOf = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);

/** The ids of the customer's licenses, in batches. */
export async function* licenseBatches(run: Run, customerId: string): AsyncGenerator<string[]> {
  let after: string | undefined = FIRST_ID;
  while (after !== undefined) {
    const { rows }: { rows: Row[] } = await run<Row>(LICENSE_BATCH, [customerId, after, LICENSES_AT_ONCE]);
    if (rows.length > 0) yield idsOf(rows);
    after = rows.at(-1)?.id;
  }
}

/** Without anything that is hashed or encrypted. */
export const exportedUsers = (run: Run, customerId: string) => pages(run, USERS, customerId);

export const exportedSessions = (run: Run, customerId: string) => pages(run, SESSIONS, customerId);

/** Those given back included, but not those that were given back before the license was the customer's. */
export async function* exportedSeats(run: Run, customerId: string): AsyncGenerator<Row[]> {
  for await (const ids of licenseBatches(run, customerId)) yield* pages(run, SEATS, ids, customerId);
}

/** Since the license is the customer's. */
export async function* exportedMoves(run: Run, customerId: string): AsyncGenerator<Row[]> {
  for await (const ids of licenseBatches(run, customerId)) yield* pages(run, MOVES, ids, customerId);
}

/** The ids of the audit events about a customer: those that an erasure empties. */
async function* eventIds(run: Run, customerId: string): AsyncGenerator<string[]> {
  for await (const rows of pages(run, EVENTS_OF_CUSTOMER, customerId)) yield idsOf(rows);
  for await (const rows of pages(run, EVENTS_OF_USERS, customerId)) yield idsOf(rows);
  for await (const ids of licenseBatches(run, customerId)) {
    for await (const rows of pages(run, EVENTS_OF_LICENSES, ids, customerId)) yield idsOf(rows);
  }
}

/** The address is the actor's, and personal to whoever that is. */
const withoutAddress = (event: AuditView): AuditView =>
  event.personal?.['address'] === undefined
    ? event
    : { ...event, personal: { ...event.personal, address: null } };

/** The audit events about a customer. Where somebody else did it, such as the vendor's staff, the address is null. */
export async function* exportedEvents(run: Run, customerId: string): AsyncGenerator<AuditView[]> {
  for await (const ids of eventIds(run, customerId)) {
    const others = new Set(idsOf((await run<Row>(DONE_BY_OTHERS, [ids, customerId])).rows));
    const events = await loadAuditViews(run, ids);
    yield events.map((event) => (others.has(event.id) ? withoutAddress(event) : event));
  }
}
