-- The tables of schema $1 among the names $2.
SELECT class.oid, class.relname::text AS name
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname = $1
  AND class.relname = ANY ($2::text[])
  AND class.relkind IN ('r', 'p')
ORDER BY class.relname
