-- The table $1.$2, if an extension marks its rows for dumping: which rows (a WHERE clause, or empty), and
-- whether the role may replace them.
SELECT coalesce(config.condition, '') AS condition,
  pg_catalog.has_table_privilege(c.oid, 'INSERT')
    AND pg_catalog.has_table_privilege(c.oid, 'DELETE')
    -- The condition is evaluated.
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_replace
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_extension e ON c.oid = ANY (e.extconfig)
CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS config (oid, condition)
WHERE n.nspname = $1 AND c.relname = $2 AND config.oid = c.oid
