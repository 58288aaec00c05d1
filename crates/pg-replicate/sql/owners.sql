-- The owner of each object that has one.
--
-- own_objects.sql and on_target/dependents.sql are about these: psql has them as the variable owners
-- (psql -v owners="$(cat owners.sql)"), as this program does.
SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, oid AS objid, relowner AS owner
FROM pg_catalog.pg_class
UNION ALL
SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner FROM pg_catalog.pg_type
UNION ALL
SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner FROM pg_catalog.pg_proc
UNION ALL
SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprowner FROM pg_catalog.pg_operator
UNION ALL
SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcowner FROM pg_catalog.pg_opclass
UNION ALL
SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfowner FROM pg_catalog.pg_opfamily
UNION ALL
SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collowner FROM pg_catalog.pg_collation
UNION ALL
SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, conowner FROM pg_catalog.pg_conversion
UNION ALL
SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgowner FROM pg_catalog.pg_ts_config
UNION ALL
SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictowner FROM pg_catalog.pg_ts_dict
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxowner
FROM pg_catalog.pg_statistic_ext
UNION ALL
SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid, lanowner FROM pg_catalog.pg_language
UNION ALL
SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, oid, extowner FROM pg_catalog.pg_extension
UNION ALL
SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, nspowner FROM pg_catalog.pg_namespace
UNION ALL
SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, srvowner
FROM pg_catalog.pg_foreign_server
UNION ALL
SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, fdwowner
FROM pg_catalog.pg_foreign_data_wrapper
UNION ALL
SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid, evtowner
FROM pg_catalog.pg_event_trigger
UNION ALL
SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass, oid, pubowner
FROM pg_catalog.pg_publication
UNION ALL
SELECT 'pg_catalog.pg_largeobject'::pg_catalog.regclass, oid, lomowner
FROM pg_catalog.pg_largeobject_metadata
