create table former_customers (
  subject_type text not null,
  subject_id uuid not null,
  customer_id uuid not null,
  until timestamptz not null,
  constraint former_customers_pkey primary key (subject_type, subject_id, customer_id),
  constraint former_customers_subject_type_check check (subject_type in ('license', 'user'))
);
comment on table former_customers is 'Whose a license or a user has been, and until when: exports and erasures must know that longer than the audit log is kept. It outlives the user, and the customer.';
-- Why: what is no longer that customer's, when the customer is exported or erased.
create index former_customers_customer_id_idx on former_customers (customer_id, subject_type);

-- So far the audit log alone has told it.
insert into former_customers (subject_type, subject_id, customer_id, until)
  select e.subject_type, e.subject_id::uuid, (e.details ->> 'customer_id')::uuid, max(e.occurred_at)
  from audit_events e
  left join licenses l on e.subject_type = 'license' and l.id::text = e.subject_id
  left join users u on e.subject_type = 'user' and u.id::text = e.subject_id
  where e.details ? 'customer_id' and case e.subject_type
      when 'license' then l.id is not null and l.customer_id::text is distinct from e.details ->> 'customer_id'
      when 'user' then u.customer_id::text is distinct from e.details ->> 'customer_id'
      else false
    end
  group by 1, 2, 3;

create table blocked_of_customers (
  customer_id uuid not null,
  hardware_id text not null,
  constraint blocked_of_customers_pkey primary key (customer_id, hardware_id),
  constraint blocked_of_customers_customer_id_fkey foreign key (customer_id) references customers (id) on delete cascade
);
comment on table blocked_of_customers is 'Who had seats on hardware that is blocked, where only events have told it that are pruned: an erasure takes away why it is blocked.';
