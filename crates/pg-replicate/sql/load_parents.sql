-- Partitions and the tables that inherit, with what they belong to.
SELECT inhrelid AS child, inhparent AS parent FROM pg_catalog.pg_inherits
