-- Partitions and inheriting tables, with their parents.
SELECT inhrelid AS child, inhparent AS parent FROM pg_catalog.pg_inherits
