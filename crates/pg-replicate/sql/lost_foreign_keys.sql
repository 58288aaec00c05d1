-- The foreign keys of the kept tables $1 (oids) to tables that are not kept.
SELECT c.conname AS name, c.conrelid::pg_catalog.regclass::text AS table,
  c.confrelid::pg_catalog.regclass::text AS referenced
FROM pg_catalog.pg_constraint c
WHERE c.contype = 'f' AND c.conparentid = 0
  AND c.conrelid = ANY ($1::oid[]) AND c.confrelid <> ALL ($1::oid[])
ORDER BY 2, 1
