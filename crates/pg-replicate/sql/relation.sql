-- The relation ($1 schema, $2 name): for an index, whether it is valid; for a table, the server's estimate
-- of its rows.
SELECT coalesce(i.indisvalid, true) AS is_valid, greatest(c.reltuples, 0)::bigint AS rows
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE n.nspname = $1::text AND c.relname = $2::text
