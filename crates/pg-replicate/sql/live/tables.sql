-- The tables whose rows are copied, largest first: every ordinary table that is dumped, except those of ($1
-- oids), the kept ones. columns, types: those that are written, without generated ones. is_binary: the
-- binary format of every column is the same on every server. That of composites and of arrays of
-- user-defined types contains oids of types, and that of reg* types oids of objects, which differ between
-- servers. through_*: the partitioned table at the root, if rows may belong to another partition on the
-- target: the hash of an enumeration's value is that of its oid.
WITH RECURSIVE ancestors (leaf, ancestor, depth) AS (
  SELECT c.oid, i.inhparent, 1
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
  WHERE c.relispartition AND c.relkind = 'r'
  UNION ALL
  SELECT a.leaf, i.inhparent, a.depth + 1
  FROM ancestors a
  JOIN pg_catalog.pg_class c ON c.oid = a.ancestor AND c.relispartition
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.ancestor
), roots AS (
  SELECT DISTINCT ON (leaf) leaf, ancestor AS root
  FROM ancestors
  ORDER BY leaf, depth DESC
), scattered AS (
  SELECT DISTINCT a.leaf
  FROM ancestors a
  JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = a.ancestor AND p.partstrat = 'h'
  JOIN pg_catalog.pg_opclass o ON o.oid = ANY (p.partclass)
  WHERE o.opcintype = 'pg_catalog.anyenum'::pg_catalog.regtype
), base (attrelid, attnum, typid) AS (
  SELECT a.attrelid, a.attnum, a.atttypid
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  UNION ALL
  SELECT base.attrelid, base.attnum, t.typbasetype
  FROM base
  JOIN pg_catalog.pg_type t ON t.oid = base.typid AND t.typtype = 'd'
), binary_columns AS (
  SELECT base.attrelid, pg_catalog.bool_and(t.typtype IN ('d', 'e') OR (
    t.oid < 10000 AND t.typsend <> 0 AND t.typname NOT LIKE 'reg%' AND t.typname NOT LIKE '\_reg%'
  )) AS is_binary
  FROM base
  JOIN pg_catalog.pg_type t ON t.oid = base.typid
  GROUP BY base.attrelid
)
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
  coalesce(written.columns, '{}') AS columns,
  coalesce(written.types, '{}') AS types,
  coalesce(b.is_binary, true) AS is_binary,
  root_schema.nspname::text AS through_schema,
  root.relname::text AS through_name,
  -- The size of the files in pages: relpages is only updated by ANALYZE and VACUUM.
  size.heap / pg_catalog.current_setting('block_size')::bigint AS pages,
  size.heap AS heap_bytes,
  size.toast AS toast_bytes,
  greatest(c.reltuples, 0)::float8 AS rows
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN binary_columns b ON b.attrelid = c.oid
LEFT JOIN scattered s ON s.leaf = c.oid
LEFT JOIN roots ON roots.leaf = s.leaf
LEFT JOIN pg_catalog.pg_class root ON root.oid = roots.root
LEFT JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
LEFT JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns,
    pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
) written ON true
CROSS JOIN LATERAL (
  -- A table that was dropped in the meantime has no size.
  SELECT coalesce(pg_catalog.pg_relation_size(c.oid), 0) AS heap,
    coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast
) size
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
  AND c.oid <> ALL ($1::oid[])
  -- A standby does not have their rows, and pg_dump dumps none there.
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  -- An extension creates its own tables; pg_dump copies the rows of those it marks.
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
      AND d.deptype = 'e'
  )
ORDER BY size.heap + size.toast DESC, n.nspname, c.relname
