-- Other sessions, and prepared transactions, that hold a lock on one of the relations $1 (oid[]).
SELECT class.relname::text AS relation,
  coalesce(
    'pid ' || activity.pid || ' (' || pg_catalog.concat_ws(', ',
      coalesce(activity.usename::text, 'no role'),
      nullif(activity.application_name, ''),
      'for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - activity.xact_start)
    ) || ')',
    'the prepared transaction "' || prepared.gid || '" (' || prepared.owner || ')'
  ) AS holder
FROM pg_catalog.pg_locks AS held
JOIN pg_catalog.pg_class AS class ON class.oid = held.relation
LEFT JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = held.pid
-- A prepared transaction has no process; it also holds a lock on its own number.
LEFT JOIN pg_catalog.pg_locks AS own
  ON held.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid'
  AND own.virtualtransaction = held.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xacts AS prepared ON prepared.transaction = own.transactionid
WHERE held.relation = ANY ($1::oid[])
  AND held.granted
  AND held.mode <> 'SIReadLock'
  AND held.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND held.database = (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND coalesce(activity.pid::text, prepared.gid) IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
