drop index licenses_expires_at_idx, activations_clones_idx;
drop table license_days;
drop table verdict_counts;
