-- Sequences, and the columns that own them (serial or identity).
SELECT s.oid, n.nspname::text AS schema, s.relname::text AS name,
  d.refobjid AS table, a.attname::text AS column,
  q.seqincrement AS increment, q.seqmin AS least, q.seqmax AS most,
  coalesce(coalesce(nullif(t.typbasetype, 0), t.oid) IN (
    'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
    'pg_catalog.int8'::pg_catalog.regtype, 'pg_catalog.numeric'::pg_catalog.regtype), false) AS is_of_numbers,
  pg_catalog.pg_has_role(s.relowner, 'USAGE') AS is_ours,
  -- NULL for a sequence dropped in the meantime.
  coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT'), false) AS is_readable
FROM pg_catalog.pg_class s
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
LEFT JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0
  AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE s.relkind = 'S' AND s.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
ORDER BY 2, 3
