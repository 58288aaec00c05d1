-- The unlogged tables of a standby, whose rows it does not have, except those of ($1 oids); none on any
-- other server.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE pg_catalog.pg_is_in_recovery() AND c.relkind = 'r' AND c.relpersistence = 'u'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
  AND c.oid <> ALL ($1::oid[])
ORDER BY 1, 2
