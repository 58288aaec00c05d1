-- Parts of range types in the schemas $1 that do not move with them: constructors, and types of several ranges.
SELECT d.classid, d.objid, i.type || ' ' || i.identity AS object, n.nspname::text AS schema,
  'ALTER ' || CASE i.type WHEN 'type' THEN 'TYPE ' ELSE 'ROUTINE ' END || i.identity AS altered
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
JOIN pg_catalog.pg_depend d
  ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = t.oid AND d.deptype = 'i'
LEFT JOIN pg_catalog.pg_type part
  ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND part.oid = d.objid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
WHERE n.nspname = ANY ($1::text[]) AND t.typtype IN ('r', 'm')
  AND (d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass OR part.typtype = 'm')
