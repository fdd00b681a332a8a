create table idempotency_keys (
  hash bytea not null,
  request_hash bytea not null,
  answer bytea,
  mentions uuid[] not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (hash)
);
comment on table idempotency_keys is 'Answers to give again, each written in the transaction of its effect. Encrypted: they may hold a license key.';
comment on column idempotency_keys.hash is 'Keyed hash of the credential and its Idempotency-Key.';
comment on column idempotency_keys.answer is 'Null once what it told of a person was erased: the effect is not repeated all the same.';
comment on column idempotency_keys.mentions is 'The resources that the answer tells of, and whose they are.';
-- Why: sweeping expired answers.
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
-- Why: an erasure finds the answers that tell of a customer.
create index idempotency_keys_mentions_idx on idempotency_keys using gin (mentions);
