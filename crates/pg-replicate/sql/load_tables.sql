-- The tables that store data, and who may empty them.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind = 'p' AS is_partitioned,
  c.relispartition AS is_partition,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_ours,
  -- NULL for a table dropped in the meantime.
  coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS is_readable,
  pg_catalog.row_security_active(c.oid) AS hides_rows,
  pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
  -- An extension creates its own tables.
  EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
      AND d.deptype = 'e'
  ) AS is_of_extension
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
ORDER BY 2, 3
