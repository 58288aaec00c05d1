-- The process id of this session, whether the database has encoding SQL_ASCII, and what PostgreSQL's client
-- programs need in PGOPTIONS: they set what they read and write themselves, but not other settings that
-- change the meaning of a statement, if the role or the database sets them (reset_val) to something else.
SELECT pg_catalog.pg_backend_pid() AS pid,
  (pg_catalog.current_setting('server_encoding') = 'SQL_ASCII')::text AS is_sql_ascii, (
  SELECT coalesce(pg_catalog.string_agg(
    pg_catalog.format('-c %s=%s', wanted.name, pg_catalog.replace(wanted.value, ' ', '\ ')), ' ' ORDER BY wanted.name
  ), '')
  FROM (VALUES
    ('array_nulls', 'on'),
    ('default_transaction_deferrable', 'off'),
    ('default_transaction_isolation', 'read committed'),
    ('default_transaction_read_only', 'off'),
    ('exit_on_error', 'off'),
    ('gin_fuzzy_search_limit', '0'),
    ('lc_monetary', 'C'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on'),
    ('transform_null_equals', 'off'),
    ('xmloption', 'content')
  ) AS wanted (name, value)
  JOIN pg_catalog.pg_settings setting USING (name)
  WHERE setting.reset_val <> wanted.value
    -- They write money as in locale C. Not every pooler accepts options, so none is given unnecessarily.
    AND NOT (wanted.name = 'lc_monetary' AND setting.reset_val ~* '^(C|POSIX|en_US)([.@]|$)')
) AS options
