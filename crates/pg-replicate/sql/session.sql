-- All that changes the meaning of SQL or of values, whatever the server, the database, the role or the URL has set: what we
-- write and read must mean the same in every session, on both sides. Scripts of users run with their role's settings
-- (load_script_settings.sql). No literal here may hold a backslash: what a session starts with says how it is read.
--
-- Limits that a role or a database may have set for interactive work would cut a long copy.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET exit_on_error = off;
-- Not every version has these: 14 brought the first, 17 the second.
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
-- With an empty search_path no name means another schema's object by accident.
SELECT pg_catalog.set_config('search_path', '', false);
-- Rows that row security hides would be missing without a word: an error instead.
SET row_security = off;
-- Else a search by a GIN index may leave rows out.
SET gin_fuzzy_search_limit = 0;
SET synchronize_seqscans = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off;
SET default_transaction_deferrable = off;
-- With another value foreign keys are not checked; only a superuser sets it, and only one may set it back.
SELECT pg_catalog.set_config('session_replication_role', 'origin', false)
WHERE pg_catalog.current_setting('session_replication_role') <> 'origin';
SET client_min_messages = warning;
-- A server from 14 on notices within this time that we are gone, also in the middle of an index.
SELECT pg_catalog.set_config(name, '2s', false)
FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval';
-- Rows that row security hides from our role would be missing without a word, and rows of the target be deleted for it: an
-- error instead.
SET row_security = off;
