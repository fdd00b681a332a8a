create table audit_unsealed (
  event_id uuid not null,
  constraint audit_unsealed_pkey primary key (event_id),
  constraint audit_unsealed_event_id_fkey foreign key (event_id) references audit_events (id)
);
comment on table audit_unsealed is 'Events that the chain does not hold yet; the sealer takes them out within a second.';
insert into audit_unsealed (event_id) select id from audit_events;
