create table field_counts (
  product text not null,
  version text not null,
  seats integer not null,
  last_seen_at timestamptz not null,
  constraint field_counts_pkey primary key (product, version)
);
comment on table field_counts is 'What the seats in use ran when they were last counted: once in some minutes, for to count millions takes seconds.';

create table figures_counted (
  id boolean not null default true,
  counted_at timestamptz not null,
  took_ms integer not null,
  rows bigint not null,
  constraint figures_counted_pkey primary key (id),
  constraint figures_counted_single_row check (id)
);
comment on table figures_counted is 'One row: when field_counts and the last day of license_days were counted, and of how many licenses and seats.';
