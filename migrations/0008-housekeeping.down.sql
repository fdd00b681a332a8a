alter table licenses drop column imported_at;
drop index license_keys_expires_at_idx;
drop table license_notices;
