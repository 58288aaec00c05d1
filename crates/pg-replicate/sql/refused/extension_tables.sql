-- The tables whose rows extensions mark for dumping, with the condition of each, if any.
SELECT n.nspname::text AS schema, c.relname::text AS name, e.extname::text AS extension,
  coalesce(config.condition, '') AS condition
FROM pg_catalog.pg_extension e
CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS config (oid, condition)
JOIN pg_catalog.pg_class c ON c.oid = config.oid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2
