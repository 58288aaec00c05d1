-- Own sessions that wait for locks of others, and their holders.
SELECT waiting.pid,
  pg_catalog.min(coalesce(wanted.relation::pg_catalog.regclass::text, wanted.locktype)) AS wanted,
  pg_catalog.string_agg(DISTINCT 'pid ' || blocking.pid || ' (' || pg_catalog.concat_ws(', ',
    coalesce(holder.usename::text, 'a prepared transaction'),
    nullif(holder.application_name, ''),
    'for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - holder.xact_start)
  ) || ')', ', ') AS holders
FROM pg_catalog.pg_stat_activity waiting
JOIN pg_catalog.pg_locks wanted ON wanted.pid = waiting.pid AND NOT wanted.granted
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocking (pid)
LEFT JOIN pg_catalog.pg_stat_activity holder ON holder.pid = blocking.pid
WHERE waiting.usename = CURRENT_USER
  AND waiting.datname = pg_catalog.current_database()
  AND waiting.application_name LIKE 'pg-replicate%'
  AND waiting.wait_event_type = 'Lock'
  AND NOT coalesce(
    holder.usename = CURRENT_USER AND holder.application_name LIKE 'pg-replicate%', false)
GROUP BY waiting.pid
