create table events (
  id uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  customer_id uuid,
  data jsonb not null,
  dispatched_at timestamptz,
  constraint events_pkey primary key (id)
);
comment on table events is 'What receivers of webhooks are told, written with the change itself where a subscription wants it.';
comment on column events.customer_id is 'Whose data the event holds, so that it can be erased.';
-- Why: finding what no delivery was made of yet.
create index events_undispatched_idx on events (id) where dispatched_at is null;
-- Why: finding what is old enough to be deleted.
create index events_occurred_at_idx on events (occurred_at);
-- Why: finding what holds the data of a customer who is erased.
create index events_customer_id_idx on events (customer_id) where customer_id is not null;

create table webhooks (
  id uuid not null,
  url text not null,
  description text,
  events text[] not null,
  enabled boolean not null,
  disabled_reason text,
  sealed_secret bytea not null,
  sealed_previous_secret bytea,
  previous_secret_until timestamptz,
  failing_since timestamptz,
  failures integer not null default 0,
  is_slow boolean not null default false,
  served_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint webhooks_pkey primary key (id),
  constraint webhooks_reason_is_for_disabled check (disabled_reason is null or not enabled),
  constraint webhooks_previous_secret_ends check ((sealed_previous_secret is null) = (previous_secret_until is null))
);
comment on column webhooks.events is 'Names of events, license.* and its like, or *.';
comment on column webhooks.failures is 'Failed attempts since the last one that was accepted, the first of them at failing_since.';
comment on column webhooks.is_slow is 'Whether its receiver took long over the last answer.';
comment on column webhooks.served_until is 'Until then some node sends what is due, or has taken it on; one that died is waited for no longer.';

create table webhook_deliveries (
  id uuid not null,
  event_id uuid not null,
  webhook_id uuid not null,
  status text not null,
  attempt_count integer not null default 0,
  tries integer not null default 0,
  next_attempt_at timestamptz,
  taken_until timestamptz,
  created_at timestamptz not null,
  completed_at timestamptz,
  constraint webhook_deliveries_pkey primary key (id),
  -- An event that is dispatched twice, by a node that was thought dead, is still one delivery. Also the cascade from events.
  constraint webhook_deliveries_event_key unique (event_id, webhook_id),
  constraint webhook_deliveries_event_id_fkey foreign key (event_id) references events (id) on delete cascade,
  constraint webhook_deliveries_webhook_id_fkey foreign key (webhook_id) references webhooks (id) on delete cascade,
  constraint webhook_deliveries_status_check check (status in ('pending', 'delivered', 'failed')),
  constraint webhook_deliveries_pending_is_due check ((status = 'pending') = (next_attempt_at is not null)),
  constraint webhook_deliveries_end_check check ((status = 'pending') = (completed_at is null))
);
comment on table webhook_deliveries is 'One event for one subscription.';
comment on column webhook_deliveries.tries is 'Attempts since it was made or last asked for again: what the retries are counted by.';
comment on column webhook_deliveries.taken_until is 'Until then a node makes an attempt; one that died is waited for no longer.';
-- Why: finding what is due, of one subscription after the other.
create index webhook_deliveries_due_idx on webhook_deliveries (webhook_id, next_attempt_at) where status = 'pending';
-- Why: the list of a subscription in its default order, and the cascade from webhooks.
create index webhook_deliveries_webhook_id_idx on webhook_deliveries (webhook_id, created_at, id);

create table webhook_attempts (
  id uuid not null,
  delivery_id uuid not null,
  attempted_at timestamptz not null,
  duration_ms integer not null,
  status_code integer,
  error text,
  constraint webhook_attempts_pkey primary key (id),
  constraint webhook_attempts_delivery_id_fkey foreign key (delivery_id) references webhook_deliveries (id) on delete cascade
);
comment on column webhook_attempts.error is 'A sentence of ours; null when the receiver accepted.';
-- Why: the log of a delivery, and the cascade from it.
create index webhook_attempts_delivery_id_idx on webhook_attempts (delivery_id);

create table refusal_notices (
  license_id uuid not null,
  code text not null,
  hour timestamptz not null,
  -- Whoever writes the row first tells of the refusal, on whichever node.
  constraint refusal_notices_pkey primary key (license_id, code, hour),
  constraint refusal_notices_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade
);
comment on table refusal_notices is 'That receivers have been told of a refusal in that hour: a panel that asks on is no news.';
-- Why: dropping the hours that are over.
create index refusal_notices_hour_idx on refusal_notices (hour);
