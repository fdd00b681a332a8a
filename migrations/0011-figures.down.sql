drop table figures_counted;
drop table field_counts;
