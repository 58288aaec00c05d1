-- Our schemas in which a copy was built, or in which a replaced one is: those of an interrupted run.
SELECT nspname::text AS name
FROM pg_catalog.pg_namespace
WHERE nspname ~ '^replication_(next|old)_[0-9]+$'
  -- The schema public of a database belongs to its owner by another name.
  AND pg_catalog.pg_get_userbyid(nspowner) IN (CURRENT_USER, 'pg_database_owner')
  AND pg_catalog.pg_has_role(nspowner, 'USAGE')
ORDER BY nspname
