-- The sequences owned by columns of the tables $1. pg_dump leaves out the identity sequences of an excluded
-- table, but not its serial ones.
SELECT n.nspname AS schema, s.relname AS name
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refobjid = ANY ($1::oid[])
  AND d.deptype IN ('a', 'i')
AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_attrdef a
    ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid
  WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = s.oid
    AND a.adrelid <> ALL ($1::oid[])
)
ORDER BY 1, 2
