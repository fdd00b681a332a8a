create table events (
  id uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  customer_id uuid,
  data jsonb not null,
  dispatched_at timestamptz,
  constraint events_pkey primary key (id)
);
comment on table events is 'What receivers of webhooks are told, written with the change itself.';
comment on column events.customer_id is 'Whose data the event holds, so that it can be erased.';
-- Why: finding what no delivery was made of yet.
create index events_undispatched_idx on events (id) where dispatched_at is null;
