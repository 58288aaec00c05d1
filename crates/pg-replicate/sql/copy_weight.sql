-- Size of a table ($1 schema, $2 table), to start with the longest copy: bytes of the table and of its
-- TOAST, and rows. An estimate, because measuring would wait for locks.
SELECT greatest(c.relpages, 0) * block.size AS heap,
  coalesce(greatest(t.relpages, 0), 0) * block.size AS toast,
  greatest(c.reltuples, 0)::bigint AS counted
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::bigint AS size) block
WHERE n.nspname = $1 AND c.relname = $2
