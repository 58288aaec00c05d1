-- Large values that this session writes are compressed by lz4, where the server has it (from version 14 on, when built with
-- it) and the column asks for nothing else: it takes a fraction of pglz's time.
SELECT pg_catalog.set_config('default_toast_compression', 'lz4', false)
FROM pg_catalog.pg_settings
WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals);
