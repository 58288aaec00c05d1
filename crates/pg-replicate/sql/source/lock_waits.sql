-- Waits in this database between an own session and another one: one of them waits for a lock on a relation
-- that the other holds, or has requested earlier. Own sessions are those with the process ids $1, and the
-- programs with the names $2. other: the session that is not an own one, with only the first words of its
-- statement, if the role may see them.
WITH ours AS MATERIALIZED (
  SELECT pid FROM pg_catalog.pg_stat_activity
  WHERE pid = ANY ($1::int4[]) OR application_name = ANY ($2::text[])
), waiting AS MATERIALIZED (
  SELECT DISTINCT l.pid, l.relation
  FROM pg_catalog.pg_locks l
  WHERE NOT l.granted AND l.locktype = 'relation'
    -- On a standby, max_standby_streaming_delay limits how long replay waits for readers.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = l.pid AND a.backend_type = 'startup'
    )
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
), pairs AS (
  SELECT w.pid AS waiter, w.relation, blocker.pid AS blocker, w.pid IN (SELECT pid FROM ours) AS ours_waits
  FROM waiting w
  CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS blocker (pid)
  WHERE (w.pid IN (SELECT pid FROM ours)) <> (blocker.pid IN (SELECT pid FROM ours))
)
SELECT DISTINCT ON (pairs.ours_waits, pairs.waiter)
  pairs.ours_waits, pairs.waiter,
  pairs.relation::pg_catalog.regclass::text AS relation,
  other.pid AS other,
  coalesce(activity.application_name, '') AS application,
  activity.usename::text AS role,
  upper((pg_catalog.regexp_match(activity.query, '^\s*([A-Za-z]+(?:\s+[A-Za-z]+)?)'))[1]) AS statement
FROM pairs
CROSS JOIN LATERAL (SELECT CASE WHEN pairs.ours_waits THEN pairs.blocker ELSE pairs.waiter END AS pid) AS other
LEFT JOIN pg_catalog.pg_stat_activity activity ON activity.pid = other.pid
-- Those who wait for the own sessions come first, because they are the application.
ORDER BY pairs.ours_waits, pairs.waiter, other.pid
