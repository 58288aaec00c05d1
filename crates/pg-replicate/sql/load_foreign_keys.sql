-- Foreign keys; for partitions, only their own ones. The copies that PostgreSQL makes of a partitioned
-- table's keys follow these. A key that is not enforced (PostgreSQL 18) is ignored.
SELECT c.conname::text AS name, c.conrelid AS table, c.confrelid AS referenced,
  c.conparentid <> 0 AS is_copy,
  c.condeferrable AS is_deferrable, c.condeferred AS is_deferred
FROM pg_catalog.pg_constraint c
WHERE c.contype = 'f'
  AND coalesce((pg_catalog.to_jsonb(c) ->> 'conenforced')::boolean, true)
ORDER BY 2, 1
