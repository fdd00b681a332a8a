-- Times are instants (timestamptz), ids are UUIDv7 made by the service, hardware ids are 64 lower-case hexadecimal digits.

create table data_keys (
  name text not null,
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  constraint data_keys_pkey primary key (name)
);
comment on table data_keys is 'Secrets of the service, each wrapped by MASTER_KEY. The pepper keys every stored hash.';

create table signing_keys (
  kid text not null,
  public_jwk jsonb not null,
  wrapped_private bytea not null,
  created_at timestamptz not null,
  signs_from timestamptz not null,
  covers_until timestamptz not null,
  compromised_at timestamptz,
  endorsements jsonb not null default '[]',
  constraint signing_keys_pkey primary key (kid)
);
comment on column signing_keys.covers_until is 'Nothing signed with this key is valid after this instant; until then the key stays listed.';

create table key_ring (
  id boolean not null default true,
  version bigint not null,
  constraint key_ring_pkey primary key (id),
  constraint key_ring_single_row check (id)
);
comment on table key_ring is 'One row. Its version is read with the facts of every call, so that each node reloads a changed ring at once.';
insert into key_ring (version) values (1);

create table products (
  id uuid not null,
  code text not null,
  name text not null,
  key_prefix text not null,
  minimum_version text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint products_pkey primary key (id),
  constraint products_code_key unique (code)
);

create table policies (
  id uuid not null,
  code text not null,
  name text not null,
  limits jsonb not null default '{}',
  features jsonb not null default '[]',
  max_activations integer,
  duration_days integer,
  updates_days integer,
  minimum_version text,
  refresh_after_seconds integer not null,
  valid_for_seconds integer not null,
  grace_for_seconds integer not null,
  release_seat_after_days integer,
  rebind_quota integer not null,
  on_clone text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint policies_pkey primary key (id),
  constraint policies_code_key unique (code),
  constraint policies_on_clone_check check (on_clone in ('report', 'refuse')),
  constraint policies_lease_order check (0 < refresh_after_seconds and refresh_after_seconds <= valid_for_seconds and valid_for_seconds <= grace_for_seconds)
);

create table licenses (
  id uuid not null,
  product_id uuid not null,
  policy_id uuid not null,
  status text not null,
  status_reason text,
  max_activations integer not null,
  expires_at timestamptz,
  updates_until timestamptz,
  minimum_version text,
  limits jsonb not null,
  features jsonb not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint licenses_pkey primary key (id),
  constraint licenses_product_id_fkey foreign key (product_id) references products (id),
  constraint licenses_policy_id_fkey foreign key (policy_id) references policies (id),
  constraint licenses_status_check check (status in ('active', 'suspended', 'revoked')),
  constraint licenses_max_activations_check check (max_activations >= 1)
);
-- Why: deleting a product or a policy asks whether a license still uses it; lists filter by both.
create index licenses_product_id_idx on licenses (product_id);
create index licenses_policy_id_idx on licenses (policy_id);
-- Why: the list's default order.
create index licenses_created_at_idx on licenses (created_at, id);

create table license_keys (
  hash bytea not null,
  license_id uuid not null,
  hint text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint license_keys_pkey primary key (hash),
  constraint license_keys_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade
);
comment on table license_keys is 'A license has one key without an end; a rotated key stays valid until expires_at.';
-- Why: exactly one current key for a license, and the way from a license to its hint.
create unique index license_keys_current_idx on license_keys (license_id) where expires_at is null;
-- Why: the cascade from licenses, and dropping the keys that a rotation replaced.
create index license_keys_license_id_idx on license_keys (license_id);

create table activations (
  id uuid not null,
  license_id uuid not null,
  hardware_id text not null,
  hostname text,
  platform text,
  arch text,
  version text not null,
  usage jsonb not null default '{}',
  last_seen_ip text,
  activated_at timestamptz not null,
  last_seen_at timestamptz not null,
  released_at timestamptz,
  release_reason text,
  moved_from_hardware_id text,
  offline_until timestamptz,
  clone_suspected_at timestamptz,
  presented_lease_id uuid,
  lease_id uuid not null,
  lease_kid text not null,
  lease_seq bigint not null,
  lease_issued_at timestamptz not null,
  lease_refresh_after timestamptz not null,
  lease_valid_until timestamptz not null,
  lease_grace_until timestamptz not null,
  lease_digest text not null,
  constraint activations_pkey primary key (id),
  constraint activations_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade,
  constraint activations_release_reason_check check (
    (released_at is null) = (release_reason is null)
    and release_reason in ('deactivated', 'rebound', 'stale', 'admin', 'reset')
  )
);
comment on table activations is 'A row is a seat while released_at is null, and the history of one afterwards.';
-- Why: the last line of defence: one seat for a hardware, whatever the code does.
-- Also the phone-home look-up. Fill factor: last_seen_at changes at every call and must stay a HOT update.
create unique index activations_seat_idx on activations (license_id, hardware_id) where released_at is null;
-- Why: a retaken seat continues the lease sequence of the seats that this hardware held before.
create index activations_history_idx on activations (license_id, hardware_id);
alter table activations set (fillfactor = 80);

create table rebinds (
  id uuid not null,
  license_id uuid not null,
  from_hardware_id text not null,
  to_hardware_id text not null,
  moved_at timestamptz not null,
  constraint rebinds_pkey primary key (id),
  constraint rebinds_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade
);
-- Why: the quota counts the moves of a license in the last 30 days.
create index rebinds_license_id_idx on rebinds (license_id, moved_at);

create table blocklist (
  id uuid not null,
  hardware_id text not null,
  reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint blocklist_pkey primary key (id),
  constraint blocklist_hardware_id_key unique (hardware_id)
);

create table releases (
  id uuid not null,
  product_id uuid not null,
  version text not null,
  precedence text not null,
  channel text not null,
  status text not null,
  changelog text,
  minimum_upgrade_version text,
  mandatory boolean not null,
  security boolean not null,
  rollout_percent integer not null,
  released_at timestamptz,
  published_at timestamptz,
  yanked_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint releases_pkey primary key (id),
  constraint releases_product_id_fkey foreign key (product_id) references products (id),
  constraint releases_channel_check check (channel in ('stable', 'beta', 'alpha')),
  constraint releases_status_check check (status in ('draft', 'published', 'yanked')),
  constraint releases_rollout_percent_check check (rollout_percent between 0 and 100),
  constraint releases_published_is_released check (status = 'draft' or (published_at is not null and released_at is not null)),
  -- Versions that differ in build metadata alone are one version: two such releases could not be told apart.
  constraint releases_version_key unique (product_id, precedence)
);
comment on column releases.precedence is 'The version without build metadata.';

create table artifacts (
  id uuid not null,
  release_id uuid not null,
  platform text,
  arch text,
  filename text not null,
  size bigint not null,
  sha256 text not null,
  storage_key text not null,
  created_at timestamptz not null,
  constraint artifacts_pkey primary key (id),
  constraint artifacts_release_id_fkey foreign key (release_id) references releases (id),
  constraint artifacts_target_key unique nulls not distinct (release_id, platform, arch)
);
comment on column artifacts.platform is 'Null fits every platform; the same holds for arch.';

create table download_tokens (
  hash bytea not null,
  license_id uuid not null,
  artifact_id uuid not null,
  activation_id uuid,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint download_tokens_pkey primary key (hash),
  constraint download_tokens_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade,
  constraint download_tokens_artifact_id_fkey foreign key (artifact_id) references artifacts (id) on delete cascade,
  constraint download_tokens_activation_id_fkey foreign key (activation_id) references activations (id) on delete cascade
);
comment on column download_tokens.activation_id is 'The seat the token lives and dies with; null for a first install.';
-- Why: sweeping expired tokens, and the cascades.
create index download_tokens_expires_at_idx on download_tokens (expires_at);
create index download_tokens_license_id_idx on download_tokens (license_id);
create index download_tokens_artifact_id_idx on download_tokens (artifact_id);
create index download_tokens_activation_id_idx on download_tokens (activation_id);

create table api_keys (
  id uuid not null,
  name text not null,
  hash bytea not null,
  key_prefix text not null,
  permissions text[] not null,
  ip_whitelist text[] not null,
  rate_limit integer,
  enabled boolean not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint api_keys_pkey primary key (id),
  constraint api_keys_hash_key unique (hash)
);

create table users (
  id uuid not null,
  username text not null,
  email text not null,
  role text not null,
  status text not null,
  password_hash text,
  failed_logins integer not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint users_pkey primary key (id),
  constraint users_role_check check (role in ('admin', 'support', 'customer')),
  constraint users_status_check check (status in ('active', 'suspended'))
);
-- Why: names and addresses are one person's whatever the case they are typed in.
create unique index users_username_idx on users (lower(username));
create unique index users_email_idx on users (lower(email));

create table sessions (
  hash bytea not null,
  user_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint sessions_pkey primary key (hash),
  constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
-- Why: the cascade, and ending every session of a user.
create index sessions_user_id_idx on sessions (user_id);
-- Why: sweeping expired sessions.
create index sessions_expires_at_idx on sessions (expires_at);

create table audit_events (
  id uuid not null,
  occurred_at timestamptz not null,
  actor_type text not null,
  actor_id text,
  action text not null,
  subject_type text not null,
  subject_id text,
  details jsonb not null default '{}',
  request_id text,
  personal_hash text,
  constraint audit_events_pkey primary key (id),
  constraint audit_events_actor_type_check check (actor_type in ('api_key', 'user', 'panel', 'system'))
);
comment on table audit_events is 'Append only. What names a person lies in audit_personal; here stands its salted hash.';
-- Why: the history of one subject, newest first.
create index audit_events_subject_idx on audit_events (subject_type, subject_id, occurred_at);

create table audit_personal (
  event_id uuid not null,
  salt bytea not null,
  data jsonb not null,
  constraint audit_personal_pkey primary key (event_id),
  constraint audit_personal_event_id_fkey foreign key (event_id) references audit_events (id)
);
comment on table audit_personal is 'Addresses and host names of audit events. A row may be erased; its salted hash in audit_events stays.';

create function audit_events_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_events is append only' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function audit_events_refuse_change();
