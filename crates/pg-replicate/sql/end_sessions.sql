-- Ends the role's own sessions in this database whose name matches $1.
SELECT pid, pg_catalog.pg_terminate_backend(pid)
FROM pg_catalog.pg_stat_activity
WHERE usename = CURRENT_USER
  AND datname = pg_catalog.current_database()
  AND pid <> pg_catalog.pg_backend_pid()
  AND application_name LIKE $1::text
