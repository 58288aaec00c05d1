-- A script runs with the settings that psql would have: those of the role and of the database. Time limits
-- are meant for interactive work.
RESET ALL;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_min_messages = warning;
