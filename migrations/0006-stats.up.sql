create table verdict_counts (
  day date not null,
  product text not null,
  action text not null,
  code text not null,
  count bigint not null,
  constraint verdict_counts_pkey primary key (day, product, action, code),
  constraint verdict_counts_count_check check (count > 0)
);
comment on table verdict_counts is 'Verdicts of a UTC day, to which every node adds. By its day first the key also serves the spans that are asked for.';
comment on column verdict_counts.product is 'Its code, which stays when the product is gone; empty where no license was found.';

create table license_days (
  day date not null,
  product text not null,
  licenses integer not null,
  active_licenses integer not null,
  seats integer not null,
  constraint license_days_pkey primary key (day, product)
);
comment on table license_days is 'How many there were when the day was last looked at, which is within an hour of its end.';

-- Why: what ends soon, first what ends first.
create index licenses_expires_at_idx on licenses (expires_at, id) where status = 'active' and expires_at is not null;
-- Why: the suspects among the seats in use, few among many. Phone-homes change none of its columns, and so stay HOT.
create index activations_clones_idx on activations (clone_suspected_at, id)
  where clone_suspected_at is not null and released_at is null;
