-- The relations named by ($1 schemas, $2 names), and all their partitions. named_schema, named: the
-- relation whose rules apply. kind: as in pg_class.relkind. extension: the extension that it is a member
-- of.
WITH RECURSIVE found AS (
  SELECT c.oid, n.nspname AS named_schema, c.relname AS named
  FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
  UNION ALL
  SELECT c.oid, found.named_schema, found.named
  FROM found
  JOIN pg_catalog.pg_inherits i ON i.inhparent = found.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT found.named_schema::text, found.named::text, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind::text AS kind,
  (
    SELECT e.extname::text
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  ) AS extension
FROM found
JOIN pg_catalog.pg_class c ON c.oid = found.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2, 3, 4
