import { eventsOfLicenses, eventsOfUsers, FIRST_ID, formerUsers, LICENSE_BATCH } from './customer-trail.js';
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
  text: `select id, license_id, hardware_id, hostname, platform, arch, version, usage, last_seen_ip, activated_at,
      last_seen_at, offline_until, clone_suspected_at, moved_from_hardware_id, released_at, release_reason
    from activations where license_id = any($1::uuid[]) and id > $2 order by id limit $3`,
};

const MOVES: Statement = {
  name: 'export-moves-of-licenses',
  text: `select id, license_id, from_hardware_id, to_hardware_id, moved_at
    from rebinds where license_id = any($1::uuid[]) and id > $2 order by id limit $3`,
};

/** About the customer, and whatever was the customer's when it happened. */
const EVENTS_OF_CUSTOMER: Statement = {
  name: 'export-events-of-customer',
  text: `select id from audit_events
    where details ? 'customer_id' and details ->> 'customer_id' = $1::uuid::text and id > $2
    order by details ->> 'customer_id', id limit $3`,
};

/** The others about its users, or by them. */
const EVENTS_OF_USERS: Statement = {
  name: 'export-events-of-users',
  text: `select id from audit_events
    where id in (
        with its as (select id from users where customer_id = $1 union ${formerUsers('$1')})
        ${eventsOfUsers('array(select id from its)')}
      )
      and details ->> 'customer_id' is distinct from $1::uuid::text and id > $2
    order by id limit $3`,
};

/** The others about its licenses, of the time before they were the customer's. */
const EVENTS_OF_LICENSES: Statement = {
  name: 'export-events-of-licenses',
  text: `select id from audit_events
    where id in (${eventsOfLicenses('$1')}) and details ->> 'customer_id' is distinct from $4::uuid::text and id > $2
    order by id limit $3`,
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

/** Those given back included. */
export async function* exportedSeats(run: Run, customerId: string): AsyncGenerator<Row[]> {
  for await (const ids of licenseBatches(run, customerId)) yield* pages(run, SEATS, ids);
}

export async function* exportedMoves(run: Run, customerId: string): AsyncGenerator<Row[]> {
  for await (const ids of licenseBatches(run, customerId)) yield* pages(run, MOVES, ids);
}

/** The ids of the audit events about a customer: those that an erasure empties. */
export async function* exportedEventIds(run: Run, customerId: string): AsyncGenerator<string[]> {
  for await (const rows of pages(run, EVENTS_OF_CUSTOMER, customerId)) yield idsOf(rows);
  for await (const rows of pages(run, EVENTS_OF_USERS, customerId)) yield idsOf(rows);
  for await (const ids of licenseBatches(run, customerId)) {
    for await (const rows of pages(run, EVENTS_OF_LICENSES, ids, customerId)) yield idsOf(rows);
  }
}
