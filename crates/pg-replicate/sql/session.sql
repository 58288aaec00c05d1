-- All settings that change the meaning of SQL or of values, whatever the server, the database, the role or
-- the URL sets: what is written and read must mean the same in every session, on both sides. Users' scripts
-- run with their role's settings (load_script_settings.sql). No literal here may contain a backslash,
-- because its meaning depends on the initial settings.
--
-- Time limits that a role or a database sets for interactive work would interrupt a long copy.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET exit_on_error = off;
-- Not available in every version: the first since 14, the second since 17.
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('idle_session_timeout', 'transaction_timeout');

SET standard_conforming_strings = on;
SET escape_string_warning = off;
SET array_nulls = on;
SET transform_null_equals = off;
SET xmloption = content;
SET xmlbinary = base64;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
SET quote_all_identifiers = off;
-- With an empty search_path, a name never refers to another schema's object by accident.
SELECT pg_catalog.set_config('search_path', '', false);
-- Rows hidden by row-level security would be missing silently: makes this an error.
SET row_security = off;
-- Otherwise a search with a GIN index may omit rows.
SET gin_fuzzy_search_limit = 0;
SET synchronize_seqscans = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off;
SET default_transaction_deferrable = off;
-- With any other value, foreign keys are not checked; only a superuser can set it, and only a superuser can
-- reset it.
SELECT pg_catalog.set_config('session_replication_role', 'origin', false)
WHERE pg_catalog.current_setting('session_replication_role') <> 'origin';
SET client_min_messages = warning;
-- A server from 14 on notices within this time that the client has disappeared, even while it builds an
-- index.
SELECT pg_catalog.set_config(name, '2s', false)
FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval';
-- Rows hidden by row-level security would be missing silently, and the target's rows be deleted as a
-- result: makes this an error.
SET row_security = off;
