-- The session that holds the lock of lock.sql.
SELECT pg_catalog.concat_ws(', ', '"' || activity.application_name || '"',
  'role ' || activity.usename, 'pid ' || held.pid,
  'since ' || pg_catalog.date_trunc('second', activity.backend_start)) AS holder
FROM pg_catalog.pg_locks held
LEFT JOIN pg_catalog.pg_stat_activity activity ON activity.pid = held.pid
WHERE held.locktype = 'advisory' AND held.classid = 1885827696 AND held.objid = 1
  AND held.objsubid = 2 AND held.granted
  AND held.database = (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
