-- What each table's data weighs, for progress.
SELECT n.nspname || '.' || c.relname AS name, pg_catalog.pg_table_size(c.oid) AS bytes
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
