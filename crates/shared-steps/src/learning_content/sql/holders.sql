-- Other sessions that hold a lock on one of the relations $1 (oid[]).
SELECT DISTINCT class.relname::text AS name, activity.pid, activity.usename::text AS role
FROM pg_locks AS held
JOIN pg_class AS class ON class.oid = held.relation
JOIN pg_stat_activity AS activity ON activity.pid = held.pid
WHERE held.relation = ANY ($1::oid[])
  AND held.granted
  AND held.pid <> pg_backend_pid()
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY name, pid
