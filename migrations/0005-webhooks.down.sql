drop table refusal_notices;
drop table webhook_attempts;
drop table webhook_deliveries;
drop table webhooks;
drop table events;
