-- Limits that a role or a database may have set for interactive work would cut a long copy.
-- With an empty search_path no name means another schema's object by accident.
-- Values travel as text: both servers must write and read them the same way.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_min_messages = warning;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SELECT pg_catalog.set_config('search_path', '', false);
