-- The sequences owned by numeric columns of the table ($1 schema, $2 name), serial or identity. last: the
-- last value of the sequence, the minimum if it descends. is_ours: whether the role may read and set it.
SELECT s.oid::pg_catalog.regclass::text AS sequence, a.attname::text AS column,
  q.seqincrement AS increment, CASE WHEN q.seqincrement > 0 THEN q.seqmax ELSE q.seqmin END AS last,
  pg_catalog.has_sequence_privilege(s.oid, 'SELECT') AND pg_catalog.has_sequence_privilege(s.oid, 'UPDATE') AS is_ours
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_depend d
  ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = t.oid
  AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
WHERE n.nspname = $1::text AND t.relname = $2::text
  AND coalesce(nullif(y.typbasetype, 0), y.oid) = ANY ('{int2, int4, int8, numeric}'::pg_catalog.regtype[])
ORDER BY 2
