-- The server's settings for building indexes, in bytes.
SELECT
  (SELECT setting::bigint * 1024 FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem')
    AS maintenance_bytes,
  (SELECT setting::bigint * pg_catalog.current_setting('block_size')::bigint
   FROM pg_catalog.pg_settings WHERE name = 'shared_buffers') AS shared_bytes
