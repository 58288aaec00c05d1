-- The table ($1 schema, $2 name) as seen by the role. hides_rows: row-level security may hide rows. Through
-- a partitioned table, only its own policies apply.
SELECT c.oid, c.relkind = 'p' AS is_partitioned,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_ours,
  pg_catalog.row_security_active(c.oid) AS hides_rows
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text AND c.relname = $2::text AND c.relkind IN ('r', 'p', 'f')
