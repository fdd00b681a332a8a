drop index failed_proofs_since_idx, webhook_deliveries_failed_idx, audit_events_actor_type_idx, users_created_at_idx,
  customers_email_idx, licenses_updated_at_idx, licenses_updates_until_idx, licenses_expires_at_idx, licenses_status_idx,
  licenses_customer_id_idx, licenses_policy_id_idx, licenses_product_id_idx;
create index licenses_product_id_idx on licenses (product_id);
create index licenses_policy_id_idx on licenses (policy_id);
create index licenses_customer_id_idx on licenses (customer_id);
create index licenses_expires_at_idx on licenses (expires_at, id) where status = 'active' and expires_at is not null;
