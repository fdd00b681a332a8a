alter table users
  add column customer_id uuid,
  add column totp_secret bytea,
  add column totp_enabled_at timestamptz,
  add column totp_last_step bigint;
comment on column users.totp_secret is 'Encrypted; it counts from totp_enabled_at on.';
comment on column users.totp_last_step is 'The time step of the last code that was accepted: no code is taken twice.';

create table recovery_codes (
  hash bytea not null,
  user_id uuid not null,
  constraint recovery_codes_pkey primary key (hash),
  constraint recovery_codes_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
-- Why: the cascade, and replacing every code of a user.
create index recovery_codes_user_id_idx on recovery_codes (user_id);

-- Sessions that are open now have none of the new columns' facts: their users log in once more.
delete from sessions;
alter table sessions
  add column id uuid not null,
  add column last_seen_at timestamptz not null,
  add column origin text not null,
  add column address text,
  add column user_agent text,
  add constraint sessions_id_key unique (id),
  add constraint sessions_origin_check check (origin in ('password', 'sso'));
comment on column sessions.id is 'Names the session in lists; it opens nothing.';

create table sso_nonces (
  hash bytea not null,
  user_id uuid not null,
  target_path text not null,
  reason text,
  minter_type text not null,
  minter_id text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint sso_nonces_pkey primary key (hash),
  constraint sso_nonces_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table sso_nonces is 'A row is a log-in that has not happened yet; whoever deletes it logs in.';
-- Why: the cascade.
create index sso_nonces_user_id_idx on sso_nonces (user_id);
-- Why: sweeping expired ones.
create index sso_nonces_expires_at_idx on sso_nonces (expires_at);

create table failed_proofs (
  user_id uuid not null,
  purpose text not null,
  network text not null,
  failures integer not null,
  since timestamptz not null,
  locked_until timestamptz,
  constraint failed_proofs_pkey primary key (user_id, purpose, network),
  constraint failed_proofs_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint failed_proofs_purpose_check check (purpose in ('login', 'reauthentication'))
);
comment on table failed_proofs is 'Wrong passwords and codes for an account from a network, which they lock for that network alone.';
comment on column failed_proofs.network is 'An IPv4 address, or an IPv6 network of 64 bits.';
