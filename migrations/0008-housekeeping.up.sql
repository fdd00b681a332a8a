create table license_notices (
  license_id uuid not null,
  expires_at timestamptz not null,
  days integer not null,
  told_at timestamptz not null,
  constraint license_notices_pkey primary key (license_id),
  constraint license_notices_license_id_fkey foreign key (license_id) references licenses (id) on delete cascade
);
comment on table license_notices is 'The last notice of a license that ends: for a new end all of them are due again.';
comment on column license_notices.days is 'How many days before the end it was due; 0 is the end itself.';

alter table licenses add column imported_at timestamptz;
comment on column licenses.imported_at is 'When a file brought it here, whatever created_at says; null for a license that was made here.';

-- Why: sweeping the keys that a rotation has replaced, few among many.
create index license_keys_expires_at_idx on license_keys (expires_at) where expires_at is not null;
