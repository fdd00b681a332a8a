create or replace function audit_personal_refuse_delete() returns trigger language plpgsql as $$
begin
  if current_setting('mooring.erasure', true) is distinct from 'on' then
    raise exception 'audit_personal is emptied by an erasure' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace function audit_chain_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_chain is append only' using errcode = 'integrity_constraint_violation';
end
$$;

create or replace function audit_events_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_events is append only' using errcode = 'integrity_constraint_violation';
end
$$;

drop table audit_pruned;
