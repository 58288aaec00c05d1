-- The columns of the tables and views that a full copy makes or replaces, without the tables $1 (oids), which it leaves; a
-- table without columns has one row. Only the catalog is read, which takes no lock that anybody waits for.
--
-- is_ours: a copy replaces only what its own role owns. "column", type: NULL for a
-- table without columns.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind IN ('v', 'm') AS is_view,
  c.relispartition AS is_partition,
  pg_catalog.pg_get_userbyid(c.relowner) = CURRENT_USER AS is_ours,
  a.attnum::int AS number, a.attname::text AS "column",
  pg_catalog.format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END AS type
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a
  ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  -- What a copy builds or keeps for itself.
  AND n.nspname !~ '^replication_(preserved$|next_|old_)'
  AND c.oid <> ALL ($1::oid[])
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
      AND d.deptype = 'e'
  )
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
