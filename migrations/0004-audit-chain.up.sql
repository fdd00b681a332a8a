alter table audit_events add column mac bytea;
comment on column audit_events.mac is 'Shows that the service wrote the event, until the chain holds it. Null only in rows that are older than this column.';
-- Not valid: it is not asked of the rows that are there, and they may not be changed.
alter table audit_events add constraint audit_events_mac_check check (mac is not null) not valid;

create table audit_unsealed (
  event_id uuid not null,
  constraint audit_unsealed_pkey primary key (event_id),
  constraint audit_unsealed_event_id_fkey foreign key (event_id) references audit_events (id)
);
comment on table audit_unsealed is 'Events that the chain does not hold yet; the sealer takes them out within a second.';
insert into audit_unsealed (event_id) select id from audit_events;

create table audit_chain (
  seq bigint not null,
  event_id uuid not null,
  previous_hash bytea not null,
  hash bytea not null,
  sealed_at timestamptz not null,
  constraint audit_chain_pkey primary key (seq),
  constraint audit_chain_event_id_key unique (event_id),
  constraint audit_chain_event_id_fkey foreign key (event_id) references audit_events (id),
  constraint audit_chain_seq_check check (seq >= 1)
);
comment on table audit_chain is 'Append only, without gaps from 1 on. Each hash covers the one before it and the event, under a key that is not in the database in the clear.';

create function audit_chain_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_chain is append only' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger audit_chain_append_only before update or delete or truncate on audit_chain
  for each statement execute function audit_chain_refuse_change();

-- What has a link is sealed for good: listed as unsealed again, it could be sealed anew once its link is gone.
create function audit_unsealed_refuse_sealed() returns trigger language plpgsql as $$
begin
  if exists (select from audit_chain where event_id = new.event_id) then
    raise exception 'audit event % is sealed', new.event_id using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;
create trigger audit_unsealed_only_unsealed before insert or update on audit_unsealed
  for each row execute function audit_unsealed_refuse_sealed();

-- What an event says of a person is erased by an erasure and by nothing else: a stray statement, or whoever has nothing
-- but the right to write, is refused. It does not hold up the owner of the table, who can set what the erasure sets.
create function audit_personal_refuse_delete() returns trigger language plpgsql as $$
begin
  if current_setting('mooring.erasure', true) is distinct from 'on' then
    raise exception 'audit_personal is emptied by an erasure' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;
create trigger audit_personal_only_erasures before delete or truncate on audit_personal
  for each statement execute function audit_personal_refuse_delete();

-- Why: the log's default order, newest first, and any span of time.
create index audit_events_occurred_at_idx on audit_events (occurred_at, id);
-- Why: what one key or person did.
create index audit_events_actor_idx on audit_events (actor_id, occurred_at);
-- Why: one kind of change, and in this collation also every kind that begins alike (`license.*`).
create index audit_events_action_idx on audit_events (action collate "C", occurred_at);
-- Why: what one request did, asked with the id that the log lines of the service have.
create index audit_events_request_id_idx on audit_events (request_id) where request_id is not null;
