-- What this server offers for a fast copy. lz4: whether TOAST can be compressed with it.
SELECT
  EXISTS (
    SELECT FROM pg_catalog.pg_settings
    WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)
  ) AS lz4,
  (SELECT setting::bigint * 1024 FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem')
    AS maintenance_bytes,
  (SELECT setting::bigint * pg_catalog.current_setting('block_size')::bigint
   FROM pg_catalog.pg_settings WHERE name = 'shared_buffers') AS shared_bytes
