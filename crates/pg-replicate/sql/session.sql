-- Limits that a role or a database may have set for interactive work would cut a long copy.
-- With an empty search_path no name means another schema's object by accident.
-- Values travel as text: both servers must write and read them the same way.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
-- Not every version has these: 14 brought the first, 17 the second.
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('idle_session_timeout', 'transaction_timeout');
SET client_min_messages = warning;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
SET quote_all_identifiers = off;
SELECT pg_catalog.set_config('search_path', '', false);
-- A server from 14 on notices within this time that we are gone, also in the middle of an index.
SELECT pg_catalog.set_config(name, '2s', false)
FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval';
-- Rows that row security hides from our role would be missing without a word, and rows of the target be deleted for it: an
-- error instead.
SET row_security = off;
