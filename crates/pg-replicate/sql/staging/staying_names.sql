-- Schema and name of the objects that stay while the others are replaced: the members of extensions, and the
-- objects ($1 classes, $2 oids). is_routine: several routines may have one name.
WITH named (classid, oid, namespace, name) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid, relnamespace, relname FROM pg_catalog.pg_class
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace, typname FROM pg_catalog.pg_type
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace, proname FROM pg_catalog.pg_proc
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace, oprname FROM pg_catalog.pg_operator
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcnamespace, opcname FROM pg_catalog.pg_opclass
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfnamespace, opfname FROM pg_catalog.pg_opfamily
  UNION ALL
  SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collnamespace, collname FROM pg_catalog.pg_collation
  UNION ALL
  SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, connamespace, conname FROM pg_catalog.pg_conversion
  UNION ALL
  SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgnamespace, cfgname FROM pg_catalog.pg_ts_config
  UNION ALL
  SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictnamespace, dictname FROM pg_catalog.pg_ts_dict
  UNION ALL
  SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid, prsnamespace, prsname FROM pg_catalog.pg_ts_parser
  UNION ALL
  SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid, tmplnamespace, tmplname FROM pg_catalog.pg_ts_template
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxnamespace, stxname
  FROM pg_catalog.pg_statistic_ext
), staying (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
  UNION
  SELECT d.classid, d.objid
  FROM pg_catalog.pg_depend d
  WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
)
SELECT n.nspname::text AS schema, named.name::text AS name,
  named.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AS is_routine
FROM staying
JOIN named ON named.classid = staying.classid AND named.oid = staying.objid
JOIN pg_catalog.pg_namespace n ON n.oid = named.namespace
