create table idempotency_keys (
  hash bytea not null,
  request_hash bytea not null,
  answer bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (hash)
);
comment on table idempotency_keys is 'Answers to give again, each written in the transaction of its effect. Encrypted: they may hold a license key.';
comment on column idempotency_keys.hash is 'Keyed hash of the credential and its Idempotency-Key.';
-- Why: sweeping expired answers.
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
