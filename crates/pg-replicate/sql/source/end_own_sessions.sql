-- Ends the sessions with the process ids $1 and the programs with the names $2, which releases their locks.
SELECT pg_catalog.pg_terminate_backend(pid)
FROM pg_catalog.pg_stat_activity
WHERE (pid = ANY ($1::int4[]) OR application_name = ANY ($2::text[]))
  AND pid <> pg_catalog.pg_backend_pid()
  AND usename = session_user
  AND datname = pg_catalog.current_database()
