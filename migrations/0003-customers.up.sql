create table customers (
  id uuid not null,
  name text,
  email text,
  metadata jsonb not null default '{}',
  erased_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint customers_pkey primary key (id),
  constraint customers_named_until_erased check ((name is null) = (erased_at is not null))
);
comment on column customers.erased_at is 'From then on nothing here names a person; licenses and counts stay.';
-- Why: the list's default order.
create index customers_created_at_idx on customers (created_at, id);

alter table licenses
  add column customer_id uuid,
  add constraint licenses_customer_id_fkey foreign key (customer_id) references customers (id);
-- Why: a customer's licenses, in the portal and before a customer is deleted.
create index licenses_customer_id_idx on licenses (customer_id);

alter table users
  add constraint users_customer_id_fkey foreign key (customer_id) references customers (id),
  add constraint users_customer_id_check check (customer_id is null or role = 'customer');
-- Why: a customer's users.
create index users_customer_id_idx on users (customer_id);

alter table activations
  add column anonymous boolean not null default false,
  drop constraint activations_release_reason_check,
  -- A customer frees seats in the portal.
  add constraint activations_release_reason_check check (
    (released_at is null) = (release_reason is null)
    and release_reason in ('deactivated', 'rebound', 'stale', 'admin', 'reset', 'customer')
  );
comment on column activations.anonymous is 'Set when the customer is erased: host name and address stay empty, whatever the panel says of itself.';

-- Why: everything about a customer, what was deleted or has gone to another since included, when the customer is erased;
-- with the id, so that an export reads it page by page.
create index audit_events_customer_idx on audit_events ((details ->> 'customer_id'), id) where details ? 'customer_id';
