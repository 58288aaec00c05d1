-- The tables whose rows change when those of the tables ($1 schemas, $2 names) are written: these, their
-- partitions, and those changed by their foreign keys ($3: when rows are updated, $4: when rows are
-- deleted).
WITH RECURSIVE written (oid) AS (
  SELECT c.oid
  FROM unnest($1::text[], $2::text[]) AS named (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = named.name
  UNION
  SELECT next.oid
  FROM written
  JOIN (
    SELECT i.inhparent AS of, i.inhrelid AS oid
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
    UNION ALL
    SELECT k.confrelid, k.conrelid
    FROM pg_catalog.pg_constraint k
    -- CASCADE, SET NULL, SET DEFAULT
    WHERE k.contype = 'f'
      AND ($3::bool AND k.confupdtype IN ('c', 'n', 'd') OR $4::bool AND k.confdeltype IN ('c', 'n', 'd'))
  ) AS next ON next.of = written.oid
)
SELECT oid FROM written
