-- Tries to become the only program that writes to this database: the lock is held as long as the session
-- exists. The server notices within a minute that a machine has disappeared.
SELECT pg_catalog.set_config('tcp_keepalives_idle', '30', false),
  pg_catalog.set_config('tcp_keepalives_interval', '10', false),
  pg_catalog.set_config('tcp_keepalives_count', '3', false),
  pg_catalog.pg_try_advisory_lock(1885827696, 1) AS is_ours
