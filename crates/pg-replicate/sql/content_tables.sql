-- The tables whose rows are copied, largest first, and their columns that store data: those whose rows
-- pg_dump dumps, except the tables $1 (oids). A partition is a table; a partitioned table has no rows of
-- its own. Of an extension's tables, those marked for dumping, with the marked rows.
--
-- root: for a partition, the partitioned table at any level. bytes: an estimate, because measuring would
-- wait for locks. is_row_secured: a policy may hide rows from the role. forms: how a column's values are
-- written, according to the base type; see row_hash.rs.
WITH RECURSIVE base (typid, below) AS (
  SELECT t.oid, t.oid FROM pg_catalog.pg_type t WHERE t.typtype <> 'd'
  UNION ALL
  SELECT t.oid, base.below
  FROM base JOIN pg_catalog.pg_type t ON t.typbasetype = base.typid AND t.typtype = 'd'
), family (oid, root) AS (
  SELECT c.oid, c.oid
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  UNION ALL
  SELECT c.oid, family.root
  FROM family
  JOIN pg_catalog.pg_inherits i ON i.inhparent = family.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
), member (oid, condition) AS (
  -- No condition: not among the tables that the extension marks.
  SELECT d.objid, (
    SELECT coalesce(x.extcondition[config.place], '')
    FROM pg_catalog.unnest(x.extconfig) WITH ORDINALITY AS config (oid, place)
    WHERE config.oid = d.objid
  )
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
)
SELECT n.nspname::text AS schema, c.relname::text AS name,
  root_schema.nspname::text AS root_schema, root.relname::text AS root_name,
  (greatest(c.relpages, 1) + coalesce(greatest(toast.relpages, 0), 0))::bigint * 8192 AS bytes,
  coalesce(member.condition, '') AS condition,
  coalesce(columns.names, '{}') AS names,
  coalesce(columns.types, '{}') AS types,
  coalesce(columns.forms, '{}') AS forms,
  pg_catalog.row_security_active(c.oid) AS is_row_secured,
  pg_catalog.current_setting('server_encoding') AS encoding
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN family ON family.oid = c.oid
JOIN pg_catalog.pg_class root ON root.oid = family.root
JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN member ON member.oid = c.oid
LEFT JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname COLLATE "C") AS names,
    pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)
      ORDER BY a.attname COLLATE "C") AS types,
    pg_catalog.array_agg(CASE
      WHEN t.oid = 'pg_catalog.bytea'::pg_catalog.regtype THEN 'bytes'
      WHEN t.oid = 'pg_catalog."char"'::pg_catalog.regtype THEN 'char'
      WHEN t.oid >= 16384 OR t.oid = 'pg_catalog.xml'::pg_catalog.regtype THEN 'output'
      ELSE 'text'
    END ORDER BY a.attname COLLATE "C") AS forms
  FROM pg_catalog.pg_attribute a
  JOIN base ON base.typid = a.atttypid
  JOIN pg_catalog.pg_type t ON t.oid = base.below
  -- Generated columns follow from the others.
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
) columns ON true
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
  AND c.oid <> ALL ($1::oid[])
  AND (member.oid IS NULL OR member.condition IS NOT NULL)
  -- A standby does not have their rows, and pg_dump dumps none there.
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
ORDER BY bytes DESC, n.nspname, c.relname
