-- Lists of what grows without end: each way to look through them that is asked for often reads its rows in their order.

drop index licenses_product_id_idx, licenses_policy_id_idx, licenses_customer_id_idx, licenses_expires_at_idx;
-- Why: the licenses of a product or a policy in the list's default order, how many there are, and whether one is left before
-- its product or policy is deleted.
create index licenses_product_id_idx on licenses (product_id, created_at, id);
create index licenses_policy_id_idx on licenses (policy_id, created_at, id);
-- Why: a customer's licenses, in the portal and before a customer is deleted; with the id, so that an export and an erasure
-- take them batch by batch.
create index licenses_customer_id_idx on licenses (customer_id, id);
-- Why: those that are suspended or revoked are few among many; in the list's default order.
create index licenses_status_idx on licenses (status, created_at, id);
-- Why: what ends soon, first what ends first, and the list in that order.
create index licenses_expires_at_idx on licenses (expires_at, id);
-- Why: the list in these orders. Licenses are changed by people, not by panels, so that an index more costs no phone-home.
create index licenses_updates_until_idx on licenses (updates_until, id);
create index licenses_updated_at_idx on licenses (updated_at, id);

-- Why: finding a customer by the address, as a shop does.
create index customers_email_idx on customers (lower(email));
-- Why: the list's default order; every customer may have users.
create index users_created_at_idx on users (created_at, id);

-- Why: what people and programs did, few among what panels do.
create index audit_events_actor_type_idx on audit_events (actor_type, occurred_at, id) where actor_type <> 'panel';

-- Why: the deliveries that failed, few among many, in the list's default order.
create index webhook_deliveries_failed_idx on webhook_deliveries (webhook_id, created_at, id) where status = 'failed';

-- Why: sweeping the tallies that no longer count; whoever guesses from many networks makes many.
create index failed_proofs_since_idx on failed_proofs (since);
