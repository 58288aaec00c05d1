-- Whether we are the one program that writes this database: the lock lives as long as the session.
-- The server notices within a minute that our machine is gone.
SELECT pg_catalog.set_config('tcp_keepalives_idle', '30', false),
  pg_catalog.set_config('tcp_keepalives_interval', '10', false),
  pg_catalog.set_config('tcp_keepalives_count', '3', false),
  pg_catalog.pg_try_advisory_lock(1885827696, 1) AS is_ours
