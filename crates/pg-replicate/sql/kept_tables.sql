-- The kept tables that exist here: those named by ($1 schemas, $2 names), and all their partitions.
WITH RECURSIVE kept AS (
  SELECT c.oid, true AS is_named
  FROM unnest($1::text[], $2::text[]) AS named (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = named.name
  WHERE c.relkind IN ('r', 'p', 'f')
  UNION
  SELECT c.oid, false
  FROM kept
  JOIN pg_catalog.pg_inherits i ON i.inhparent = kept.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.bool_or(kept.is_named) AS is_named
FROM kept
JOIN pg_catalog.pg_class c ON c.oid = kept.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname, c.relname
ORDER BY n.nspname, c.relname
