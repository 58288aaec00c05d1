-- Limits that a role or a database may have set for interactive work would cut a long copy.
-- An empty search_path would hide public; one of the role's own could show another table.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_min_messages = warning;
SELECT pg_catalog.set_config('search_path', '', false);
