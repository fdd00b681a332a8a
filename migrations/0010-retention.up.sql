create table audit_pruned (
  id boolean not null default true,
  seq bigint not null,
  hash bytea not null,
  pruned_at timestamptz not null,
  mac bytea not null,
  constraint audit_pruned_pkey primary key (id),
  constraint audit_pruned_single_row check (id),
  constraint audit_pruned_seq_check check (seq >= 1)
);
comment on table audit_pruned is 'One row at most: the last link that was taken from the beginning of the chain for its age. The chain goes on from its hash.';
comment on column audit_pruned.mac is 'Shows that the service did it: whoever can only write to the database can not make one that fits.';

-- Events leave the log from its beginning, when they are as old as the operator says, and in no other way: a stray statement is
-- refused. It does not hold up whoever may delete and sets what the service sets; but what is deleted so is missing between
-- audit_pruned and the chain, and audit_pruned can't be made to say otherwise without the service's key.
create or replace function audit_events_refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('mooring.pruning', true) = 'on' then
    return null;
  end if;
  raise exception 'audit_events is append only' using errcode = 'integrity_constraint_violation';
end
$$;

create or replace function audit_chain_refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('mooring.pruning', true) = 'on' then
    return null;
  end if;
  raise exception 'audit_chain is append only' using errcode = 'integrity_constraint_violation';
end
$$;

create or replace function audit_personal_refuse_delete() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('mooring.pruning', true) = 'on' then
    return null;
  end if;
  if current_setting('mooring.erasure', true) is distinct from 'on' then
    raise exception 'audit_personal is emptied by an erasure' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;
