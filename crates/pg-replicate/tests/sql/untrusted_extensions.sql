-- A script that makes those of this database's extensions that only a superuser may make, as a platform would: with the
-- right to write their tables of which rows are dumped, but for those that come with rows (PostGIS's spatial_ref_sys).
SELECT pg_catalog.format(
  'CREATE SCHEMA IF NOT EXISTS %1$I; CREATE EXTENSION IF NOT EXISTS %2$I SCHEMA %1$I VERSION %3$L CASCADE; GRANT ALL ON SCHEMA %1$I TO PUBLIC;',
  n.nspname, e.extname, e.extversion)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.extname AND v.version = e.extversion
WHERE v.superuser AND NOT v.trusted
ORDER BY e.oid;
SELECT pg_catalog.format('GRANT ALL ON %s TO PUBLIC;', config.oid::pg_catalog.regclass)
FROM pg_catalog.pg_extension e
CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS config (oid, condition)
WHERE config.condition = '';
