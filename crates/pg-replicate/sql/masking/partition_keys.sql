-- The columns that decide the partition of a row of the table ($1 schema, $2 name): its own partition key,
-- and those of all tables that it is a partition of. Columns in an expression of a key count too, because
-- the key depends on them.
WITH RECURSIVE ancestors (oid) AS (
  SELECT c.oid
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relname = $2::text
  UNION
  SELECT i.inhparent
  FROM ancestors
  JOIN pg_catalog.pg_class c ON c.oid = ancestors.oid AND c.relispartition
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
), family (oid) AS (
  SELECT oid FROM ancestors
  UNION
  SELECT i.inhrelid
  FROM family
  JOIN pg_catalog.pg_inherits i ON i.inhparent = family.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT DISTINCT a.attname::text AS name
FROM family
JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = family.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum > 0
WHERE a.attnum = ANY (p.partattrs)
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE p.partexprs IS NOT NULL AND d.deptype = 'i'
      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = p.partrelid
      AND d.objsubid = a.attnum
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.partrelid
      AND d.refobjsubid = 0
  )
ORDER BY 1
