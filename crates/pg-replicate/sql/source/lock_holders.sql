-- Sessions that hold a lock in this database that even readers must wait for, or wait for one.
SELECT DISTINCT c.oid::pg_catalog.regclass::text AS relation, l.granted, l.pid AS other,
  coalesce(activity.application_name, '') AS application,
  activity.usename::text AS role,
  upper((pg_catalog.regexp_match(activity.query, '^\s*([A-Za-z]+(?:\s+[A-Za-z]+)?)'))[1]) AS statement
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'S', 'v', 'f')
LEFT JOIN pg_catalog.pg_stat_activity activity ON activity.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
ORDER BY relation, l.granted DESC, other
LIMIT 5
