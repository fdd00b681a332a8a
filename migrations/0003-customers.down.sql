drop index audit_events_customer_idx;
update activations set release_reason = 'admin' where release_reason = 'customer';
alter table activations
  drop column anonymous,
  drop constraint activations_release_reason_check,
  add constraint activations_release_reason_check check (
    (released_at is null) = (release_reason is null)
    and release_reason in ('deactivated', 'rebound', 'stale', 'admin', 'reset')
  );
alter table users drop constraint users_customer_id_check, drop constraint users_customer_id_fkey;
drop index users_customer_id_idx;
alter table licenses drop column customer_id;
drop table customers;
