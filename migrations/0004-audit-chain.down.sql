drop table audit_unsealed;
