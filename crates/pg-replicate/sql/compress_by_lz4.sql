-- Compresses large values written by this session with lz4, if the server supports it (from version 14 on,
-- if built with it) and the column specifies no compression: it takes a fraction of pglz's time.
SELECT pg_catalog.set_config('default_toast_compression', 'lz4', false)
FROM pg_catalog.pg_settings
WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals);
