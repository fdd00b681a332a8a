import {
  eventsOfCustomer,
  eventsOfLicenses,
  eventsOfUsers,
  FIRST_ID,
  formerHardware,
  formerUsers,
  HELD_LICENSE_BATCH,
  licensesSince,
} from './customer-trail.js';
import type { Run, Statement } from './statements.js';

/** Few enough that no statement comes near the time that one may take. */
const LICENSES_AT_ONCE = 2_000;

/**
 * Empties what the audit log and outgoing events keep of persons. The events stay, and so does the chain over them. Of an
 * outgoing event that names a customer that one decides: a license that is handed over is told of as the next one's.
 */
const eraseEvents = (
  name: string,
  trail: string,
  customer: string,
  sent = 'select id from trail',
): Statement => ({
  name,
  text: `with trail as (${trail}), personal as (
      delete from audit_personal where event_id = any(array(select id from trail))
    )
    update events e set data = jsonb_build_object('id', e.data -> 'id', 'erased', true)
    where e.id = any(array(${sent})) and (e.customer_id is null or e.customer_id = ${customer}::uuid)`,
});

const ERASE_EVENTS_OF_LICENSES = eraseEvents('erase-events-of-licenses', eventsOfLicenses('$1', '$2'), '$2');
const ERASE_EVENTS_OF_USERS = eraseEvents('erase-events-of-users', eventsOfUsers('$1', '$2'), '$2');
const ERASE_EVENTS_OF_CUSTOMER = eraseEvents(
  'erase-events-of-customer',
  eventsOfCustomer('$1'),
  '$1',
  'select id from trail union select id from events where customer_id = $1::uuid',
);

const ERASE_LICENSES: Statement = {
  name: 'erase-licenses',
  text: `update licenses set metadata = '{}', status_reason = null, updated_at = $2 where id = any($1::uuid[])`,
};

const ERASE_SEATS: Statement = {
  name: 'erase-seats',
  text: `update activations set hostname = null, last_seen_ip = null, anonymous = true
    where license_id = any($1::uuid[]) and not anonymous`,
};

/** Why hardware is blocked: by the hardware and not by the row, which may have been deleted since. */
const eraseBlocked = (name: string, hardware: string): Statement => ({
  name,
  text: `with hardware as (${hardware}), blocked as (
      update blocklist set reason = null, updated_at = $2
      where reason is not null and hardware_id = any(array(select hardware_id from hardware))
    )
    delete from audit_personal p using audit_events e
    where p.event_id = e.id and e.subject_type = 'blocked_hardware'
      and e.details ->> 'hardware_id' in (select hardware_id from hardware)`,
});

const ERASE_BLOCKED_OF_LICENSES = eraseBlocked(
  'erase-blocked-hardware-of-licenses',
  `select a.hardware_id from (${licensesSince('$1', '$3')}) l join activations a on a.license_id = l.id
    where a.released_at is null or a.released_at > l.since`,
);

/** Of seats that are deleted, or another's now. */
const ERASE_BLOCKED_OF_CUSTOMER = eraseBlocked(
  'erase-blocked-hardware-of-customer',
  `select details ->> 'hardware_id' as hardware_id from audit_events
    where details ? 'customer_id' and details ->> 'customer_id' = $1::uuid::text and subject_type = 'activation'
    union ${formerHardware('$1')}
    union select hardware_id from blocked_of_customers where customer_id = $1::uuid`,
);

const FORGET_BLOCKED: Statement = {
  name: 'forget-blocked-hardware-of-customer',
  text: 'delete from blocked_of_customers where customer_id = $1',
};

const DELETE_USERS: Statement = {
  name: 'delete-users-of-customer',
  text: `with deleted as (delete from users where customer_id = $1 returning id, customer_id), left_behind as (
      insert into former_customers (subject_type, subject_id, customer_id, until)
      select 'user', id, customer_id, $2 from deleted
      on conflict on constraint former_customers_pkey do update set until = excluded.until
    )
    select id from deleted`,
};

const FORMER_USERS: Statement = {
  name: 'former-users-of-customer',
  text: formerUsers('$1'),
};

/** For the rest of the transaction: the database refuses otherwise to lose what events say of persons. */
const ALLOW_ERASURE: Statement = {
  name: 'allow-erasure',
  text: `select set_config('mooring.erasure', 'on', true)`,
};

/** What the events about a customer, and about what is no longer the customer's, say of persons. */
export async function eraseCustomerEvents(run: Run, customerId: string): Promise<void> {
  await run(ALLOW_ERASURE, []);
  await run(ERASE_EVENTS_OF_CUSTOMER, [customerId]);
}

/**
 * Deletes the customer's users, and with them sessions, recovery codes and prepared log-ins. Answers their ids. What events
 * say of users who were deleted before goes, too.
 */
export async function eraseUsers(run: Run, customerId: string, now: Date): Promise<string[]> {
  await run(ALLOW_ERASURE, []);
  const deleted = await run<{ id: string }>(DELETE_USERS, [customerId, now]);
  // Those just deleted among them.
  const former = await run<{ id: string }>(FORMER_USERS, [customerId]);
  await run(ERASE_EVENTS_OF_USERS, [former.rows.map(({ id }) => id), customerId]);
  return deleted.rows.map(({ id }) => id);
}

async function* heldLicenses(run: Run, customerId: string): AsyncGenerator<string[]> {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await run<{ id: string }>(HELD_LICENSE_BATCH, [customerId, after, LICENSES_AT_ONCE]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ id }) => id);
    after = last.id;
  }
}

/**
 * What the customer's licenses and seats say of persons, and what events about them do that name nobody. Each license is held first, so that
 * no panel takes a seat meanwhile. Answers how many there were.
 */
export async function eraseLicenses(run: Run, customerId: string, now: Date): Promise<number> {
  await run(ALLOW_ERASURE, []);
  let count = 0;
  for await (const ids of heldLicenses(run, customerId)) {
    await run(ERASE_LICENSES, [ids, now]);
    await run(ERASE_SEATS, [ids]);
    await run(ERASE_BLOCKED_OF_LICENSES, [ids, now, customerId]);
    await run(ERASE_EVENTS_OF_LICENSES, [ids, customerId]);
    count += ids.length;
  }
  await run(ERASE_BLOCKED_OF_CUSTOMER, [customerId, now]);
  await run(FORGET_BLOCKED, [customerId]);
  return count;
}

const END_ANONYMITY: Statement = {
  name: 'end-anonymity',
  text: 'update activations set anonymous = false where license_id = $1 and anonymous',
};

/** For a license that an erased customer no longer has: from now on its panels are known by name again. */
export async function endAnonymity(run: Run, licenseId: string): Promise<void> {
  await run(END_ANONYMITY, [licenseId]);
}

const EMPTY_SEATS: Statement = {
  name: 'empty-seats',
  text: `update activations set hostname = null, last_seen_ip = null
    where license_id = $1 and (hostname is not null or last_seen_ip is not null)`,
};

/**
 * For a license that goes from one customer to another: host names and addresses of its seats, released ones included, are
 * the former's. Those in use tell theirs again when they next phone home. Answers how many seats had told any.
 */
export async function emptySeats(run: Run, licenseId: string): Promise<number> {
  return (await run(EMPTY_SEATS, [licenseId])).rowCount ?? 0;
}
