import type { Run, Statement } from './statements.js';

/** What can go from one customer to another. */
type Subject = 'license' | 'user';

/**
 * Which audit events are about a customer, as queries that answer their ids; an outgoing event has the id of its audit event.
 * Said once, so that an export holds what an erasure erases.
 *
 * An event is that customer's whom its details name, whoever has its subject by now. One that names nobody is of the time
 * before its subject was anybody's: it goes with the subject, unless that has been another customer's in between.
 */

/** Whether a license or a user has been another's than that customer's. */
const wasAnothers = (type: Subject, subject: string, customer: string): string => `
  exists (select from former_customers f where f.subject_type = '${type}' and f.subject_id = ${subject}
    and f.customer_id <> ${customer}::uuid)`;

const namesNobody = `not (e.details ? 'customer_id')`;

/** Events that name nobody, about licenses and their seats, those given back included. `licenses` is an array of uuids. */
export const eventsOfLicenses = (licenses: string, customer: string): string => `
  with theirs as (
    select l.id from unnest(${licenses}::uuid[]) as l (id) where not ${wasAnothers('license', 'l.id', customer)}
  )
  select e.id from theirs join audit_events e on e.subject_type = 'license' and e.subject_id = theirs.id::text
    where ${namesNobody}
  union
  select e.id from theirs join activations a on a.license_id = theirs.id
    join audit_events e on e.subject_type = 'activation' and e.subject_id = a.id::text
    where ${namesNobody}`;

/** Events that name nobody, about users. */
export const eventsOfUsers = (users: string, customer: string): string => `
  with theirs as (
    select u.id from unnest(${users}::uuid[]) as u (id) where not ${wasAnothers('user', 'u.id', customer)}
  )
  select e.id from theirs join audit_events e on e.subject_type = 'user' and e.subject_id = theirs.id::text
    where ${namesNobody}`;

/** The ids of users who have been the customer's, and are only in events any more. */
export const formerUsers = (customer: string): string => `
  select f.subject_id as id from former_customers f
  where f.customer_id = ${customer}::uuid and f.subject_type = 'user'
    and not exists (select from users u where u.id = f.subject_id)`;

/** About the customer, and whatever was the customer's when it happened, be it deleted or somebody else's now. */
export const eventsOfCustomer = (customer: string): string => `
  select id from audit_events where details ? 'customer_id' and details ->> 'customer_id' = ${customer}::uuid::text`;

/** `id` of each license, and `since` when it is no longer another's: what was over by then was not the customer's. */
export const licensesSince = (licenses: string, customer: string): string => `
  select l.id, coalesce((
      select max(f.until) from former_customers f where f.subject_type = 'license' and f.subject_id = l.id
        and f.customer_id <> ${customer}::uuid
    ), '-infinity') as since
  from unnest(${licenses}::uuid[]) as l (id)`;

/** Hardware of seats that the customer had on licenses which are another's now. */
export const formerHardware = (customer: string): string => `
  select a.hardware_id
  from former_customers f
  join activations a on a.license_id = f.subject_id
  where f.customer_id = ${customer}::uuid and f.subject_type = 'license' and a.activated_at <= f.until
    and (a.released_at is null or not exists (
      select from former_customers o where o.subject_type = 'license' and o.subject_id = f.subject_id
        and o.until < f.until and o.until >= a.released_at
    ))`;

const LICENSE_WAS_ANOTHERS: Statement = {
  name: 'license-was-anothers',
  text: `select ${wasAnothers('license', '$1::uuid', '$2')} as "wasAnothers"`,
};

/** Whether a license has been another's than that customer's, whoever has it now. */
export async function licenseWasAnothers(run: Run, licenseId: string, customerId: string): Promise<boolean> {
  const { rows } = await run<{ wasAnothers: boolean }>(LICENSE_WAS_ANOTHERS, [licenseId, customerId]);
  return rows[0]?.wasAnothers === true;
}

const LEAVE: Statement = {
  name: 'leave-customer',
  text: `insert into former_customers (subject_type, subject_id, customer_id, until) values ($1, $2, $3, $4)
    on conflict on constraint former_customers_pkey do update set until = excluded.until`,
};

/** Writes down whose a license or a user was until now: call it where that changes, and where a user is deleted. */
export async function leaveCustomer(
  run: Run,
  type: Subject,
  subjectId: string,
  customerId: string,
  until: Date,
): Promise<void> {
  await run(LEAVE, [type, subjectId, customerId, until]);
}

const FORGET_LICENSE: Statement = {
  name: 'forget-customers-of-license',
  text: `delete from former_customers where subject_type = 'license' and subject_id = $1`,
};

/** For a license that is deleted: what was of it is gone with it. */
export async function forgetCustomersOfLicense(run: Run, licenseId: string): Promise<void> {
  await run(FORGET_LICENSE, [licenseId]);
}

const NEXT_LICENSES = 'select id from licenses where customer_id = $1 and id > $2 order by id limit $3';

/** The ids of a customer's licenses, a batch after the other: a statement over all of them could take too long. */
export const LICENSE_BATCH: Statement = { name: 'license-batch-of-customer', text: NEXT_LICENSES };

/** The same, each held until the commit. */
export const HELD_LICENSE_BATCH: Statement = {
  name: 'held-license-batch-of-customer',
  text: `${NEXT_LICENSES} for update`,
};

/** Below every id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
