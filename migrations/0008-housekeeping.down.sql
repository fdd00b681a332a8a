drop index license_keys_expires_at_idx;
drop table license_notices;
