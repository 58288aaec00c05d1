-- The server, and the role on it.
SELECT pg_catalog.current_setting('server_version') AS version,
  pg_catalog.current_setting('server_version_num')::int AS version_number,
  CURRENT_USER::text AS role,
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER) AS is_superuser,
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create_schema,
  coalesce(pg_catalog.has_schema_privilege(
    (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'public'), 'CREATE'), true)
    AS may_create_in_public,
  pg_catalog.pg_is_in_recovery() AS is_standby,
  -- The number of connections available: the limits of the role and of the database do not apply to
  -- superusers.
  (SELECT pg_catalog.min(bound) FROM (
    SELECT pg_catalog.current_setting('max_connections')::int8
      - pg_catalog.current_setting('superuser_reserved_connections')::int8 AS bound
    UNION ALL
    SELECT rolconnlimit FROM pg_catalog.pg_roles
    WHERE rolname = CURRENT_USER AND rolconnlimit >= 0 AND NOT rolsuper
    UNION ALL
    SELECT d.datconnlimit FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
    WHERE d.datname = pg_catalog.current_database() AND r.rolname = CURRENT_USER
      AND d.datconnlimit >= 0 AND NOT r.rolsuper
  ) AS bounds) AS connections,
  pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes
