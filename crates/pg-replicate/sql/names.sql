-- The names of all relations, types and routines that are dumped, in the format of not_ours.sql.
SELECT n.nspname || '.' || thing.name AS name
FROM (
  SELECT relnamespace AS namespace, relname::text AS name
  FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT typnamespace, typname FROM pg_catalog.pg_type
  UNION ALL
  SELECT pronamespace, proname || '(' || pg_catalog.pg_get_function_identity_arguments(oid) || ')'
  FROM pg_catalog.pg_proc
) AS thing
JOIN pg_catalog.pg_namespace n ON n.oid = thing.namespace
WHERE thing.name IS NOT NULL
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
