drop index audit_events_customer_idx;
alter table activations drop column anonymous;
alter table users drop constraint users_customer_id_check, drop constraint users_customer_id_fkey;
drop index users_customer_id_idx;
alter table licenses drop column customer_id;
drop table customers;
