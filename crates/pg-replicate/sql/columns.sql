-- The columns of the table ($1 schema, $2 name), in order. base_type: the base type of domains. is_fixed:
-- GENERATED ALWAYS AS IDENTITY, which UPDATE cannot set. is_binary: its binary format is the same on every
-- server. That of arrays and composites contains oids of their types, and that of reg* types oids of
-- objects, which differ between servers.
WITH RECURSIVE base (attnum, typid) AS (
  SELECT a.attnum, a.atttypid
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relname = $2::text AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT base.attnum, t.typbasetype
  FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typid AND t.typtype = 'd'
)
SELECT a.attname::text AS name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
  a.attgenerated <> '' AS is_generated,
  a.attidentity = 'a' AS is_fixed,
  a.attnotnull AS is_not_null,
  a.attcollation <> 0 AS is_collatable,
  (pg_catalog.array_agg(t.typname::text) FILTER (WHERE t.typtype <> 'd'))[1] AS base_type,
  pg_catalog.bool_and(t.typtype IN ('d', 'e') OR (
    t.oid < 10000 AND t.typsend <> 0 AND t.typname NOT LIKE 'reg%' AND t.typname NOT LIKE '\_reg%'
  )) AS is_binary
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN base ON base.attnum = a.attnum
JOIN pg_catalog.pg_type t ON t.oid = base.typid
WHERE n.nspname = $1::text AND c.relname = $2::text
  AND c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY a.attnum, a.attname, a.atttypid, a.atttypmod, a.attgenerated, a.attidentity, a.attnotnull, a.attcollation
ORDER BY a.attnum
