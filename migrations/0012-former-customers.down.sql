drop table blocked_of_customers;
drop table former_customers;
