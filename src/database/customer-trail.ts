import type { Statement } from './statements.js';

/**
 * Which audit events are about a customer, as queries that answer their ids; an outgoing event has the id of its audit event.
 * Said once, so that an export holds what an erasure erases.
 */

/** About licenses and their seats, those given back included. `licenses` is an array of uuids. */
export const eventsOfLicenses = (licenses: string): string => `
  select id from audit_events where subject_type = 'license' and subject_id = any(${licenses}::uuid[]::text[])
  union
  select e.id from activations a join audit_events e on e.subject_type = 'activation' and e.subject_id = a.id::text
    where a.license_id = any(${licenses}::uuid[])`;

/** About users, and by them. */
export const eventsOfUsers = (users: string): string => `
  select id from audit_events where subject_type = 'user' and subject_id = any(${users}::uuid[]::text[])
  union
  select id from audit_events where actor_id = any(${users}::uuid[]::text[]) and actor_type = 'user'`;

/** The ids of users who were the customer's when they were deleted, and are only in events any more. */
export const formerUsers = (customer: string): string => `
  select distinct e.subject_id::uuid as id from audit_events e
  where e.details ? 'customer_id' and e.details ->> 'customer_id' = ${customer}::uuid::text and e.subject_type = 'user'
    and not exists (select from users u where u.id::text = e.subject_id)`;

/** About the customer, and whatever was the customer's when it happened, be it deleted or somebody else's now. */
export const eventsOfCustomer = (customer: string): string => `
  select id from audit_events where details ? 'customer_id' and details ->> 'customer_id' = ${customer}::uuid::text`;

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
