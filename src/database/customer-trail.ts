import type { Run, Statement } from './statements.js';

/**
 * Which audit events are about a customer, as queries that answer their ids; an outgoing event has the id of its audit event.
 * Said once, so that an export holds what an erasure erases.
 *
 * An event is that customer's whom its details name, whoever has its subject by now. One that names nobody is of the time
 * before its subject was anybody's: it goes with the subject, unless that has been another customer's in between.
 */

/** Whether a license or a user, told by its id as a text, has been another's than that customer's. */
const wasAnothers = (type: 'license' | 'user', subject: string, customer: string): string => `
  exists (select from audit_events o where o.subject_type = '${type}' and o.subject_id = ${subject}
    and o.details ->> 'customer_id' <> ${customer}::uuid::text)`;

const namesNobody = `not (e.details ? 'customer_id')`;

/** Events that name nobody, about licenses and their seats, those given back included. `licenses` is an array of uuids. */
export const eventsOfLicenses = (licenses: string, customer: string): string => `
  with theirs as (
    select l.id from unnest(${licenses}::uuid[]) as l (id) where not ${wasAnothers('license', 'l.id::text', customer)}
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
    select u.id from unnest(${users}::uuid[]) as u (id) where not ${wasAnothers('user', 'u.id::text', customer)}
  )
  select e.id from theirs join audit_events e on e.subject_type = 'user' and e.subject_id = theirs.id::text
    where ${namesNobody}`;

/** The ids of users who were the customer's when they were deleted, and are only in events any more. */
export const formerUsers = (customer: string): string => `
  select distinct e.subject_id::uuid as id from audit_events e
  where e.details ? 'customer_id' and e.details ->> 'customer_id' = ${customer}::uuid::text and e.subject_type = 'user'
    and not exists (select from users u where u.id = e.subject_id::uuid)`;

/** About the customer, and whatever was the customer's when it happened, be it deleted or somebody else's now. */
export const eventsOfCustomer = (customer: string): string => `
  select id from audit_events where details ? 'customer_id' and details ->> 'customer_id' = ${customer}::uuid::text`;

/** `id` of each license, and `since` when it is no longer another's: what was over by then was not the customer's. */
export const licensesSince = (licenses: string, customer: string): string => `
  select l.id, coalesce((
      select max(o.occurred_at) from audit_events o where o.subject_type = 'license' and o.subject_id = l.id::text
        and o.details ->> 'customer_id' <> ${customer}::uuid::text
    ), '-infinity') as since
  from unnest(${licenses}::uuid[]) as l (id)`;

const LICENSE_WAS_ANOTHERS: Statement = {
  name: 'license-was-anothers',
  text: `select ${wasAnothers('license', '$1::uuid::text', '$2')} as "wasAnothers"`,
};

/** Whether a license has been another's than that customer's, whoever has it now. */
export async function licenseWasAnothers(run: Run, licenseId: string, customerId: string): Promise<boolean> {
  const { rows } = await run<{ wasAnothers: boolean }>(LICENSE_WAS_ANOTHERS, [licenseId, customerId]);
  return rows[0]?.wasAnothers === true;
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
