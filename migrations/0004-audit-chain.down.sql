drop index audit_events_occurred_at_idx, audit_events_actor_idx, audit_events_action_idx, audit_events_request_id_idx;
drop table audit_chain;
drop function audit_chain_refuse_change();
drop table audit_unsealed;
drop function audit_unsealed_refuse_sealed();
alter table audit_events drop column mac;
drop trigger audit_personal_only_erasures on audit_personal;
drop function audit_personal_refuse_delete();
