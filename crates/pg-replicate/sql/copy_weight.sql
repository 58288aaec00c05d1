-- What copying a table costs, roughly, to begin with the longest: a page of TOAST weighs more than one of the table
-- itself, for its values are unpacked and packed again. An estimate: measuring would wait for locks. $1 schema, $2 table.
SELECT (greatest(c.relpages, 0) + 5 * coalesce(greatest(t.relpages, 0), 0))::bigint AS weight
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
WHERE n.nspname = $1 AND c.relname = $2
