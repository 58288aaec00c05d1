-- Size of each table's data, for progress: an estimate, because measuring would wait for locks.
SELECT n.nspname || '.' || c.relname AS name,
  (greatest(c.relpages, 1) + coalesce(greatest(t.relpages, 0), 0))::bigint * 8192 AS bytes
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
