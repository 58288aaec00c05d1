-- Identifies a database of a server. Two servers never have the same start time.
SELECT pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::text || '/' || oid
    AS place,
  oid::text AS database,
  pg_catalog.pg_is_in_recovery() AS is_standby
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
