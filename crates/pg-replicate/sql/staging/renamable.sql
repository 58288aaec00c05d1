-- The schemas that a publication replaces: those of the objects ($1 classes, $2 oids), and the existing ones of $3. obstacle:
-- why a schema cannot be renamed with all that it holds, instead of its objects being dropped.
WITH dropped (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
), placed (classid, objid, namespace) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid, relnamespace FROM pg_catalog.pg_class
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace FROM pg_catalog.pg_type
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace FROM pg_catalog.pg_proc
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace FROM pg_catalog.pg_operator
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcnamespace FROM pg_catalog.pg_opclass
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfnamespace FROM pg_catalog.pg_opfamily
  UNION ALL
  SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collnamespace FROM pg_catalog.pg_collation
  UNION ALL
  SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, connamespace FROM pg_catalog.pg_conversion
  UNION ALL
  SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgnamespace FROM pg_catalog.pg_ts_config
  UNION ALL
  SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictnamespace FROM pg_catalog.pg_ts_dict
  UNION ALL
  SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid, prsnamespace FROM pg_catalog.pg_ts_parser
  UNION ALL
  SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid, tmplnamespace FROM pg_catalog.pg_ts_template
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxnamespace FROM pg_catalog.pg_statistic_ext
), replaced AS (
  SELECT oid, nspname, nspowner
  FROM pg_catalog.pg_namespace
  WHERE nspname = ANY ($3::text[])
    OR oid IN (SELECT placed.namespace FROM placed JOIN dropped USING (classid, objid))
    OR oid IN (SELECT objid FROM dropped WHERE classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
)
SELECT r.oid, r.nspname::text AS name, pg_catalog.pg_get_userbyid(r.nspowner)::text AS owner,
  pg_catalog.pg_get_userbyid(r.nspowner) = CURRENT_USER AS is_ours,
  pg_catalog.obj_description(r.oid, 'pg_namespace') AS comment,
  CASE
    -- A schema that is renamed keeps its owner, and only those of leftovers.sql are dropped afterwards.
    WHEN pg_catalog.pg_get_userbyid(r.nspowner) NOT IN (CURRENT_USER, 'pg_database_owner')
      OR NOT pg_catalog.pg_has_role(r.nspowner, 'USAGE') THEN 'it belongs to another role'
    WHEN r.nspname <> ALL ($3::text[]) AND r.oid NOT IN (
      SELECT objid FROM dropped WHERE classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    ) THEN 'it is no schema of the source'
    WHEN r.oid NOT IN (
      SELECT objid FROM dropped WHERE classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    ) AND EXISTS (
      SELECT
      FROM pg_catalog.pg_default_acl d
      WHERE d.defaclnamespace = r.oid AND NOT pg_catalog.pg_has_role(d.defaclrole, 'USAGE')
    ) THEN 'another role has default privileges in it'
    WHEN EXISTS (
      SELECT
      FROM placed
      JOIN pg_catalog.pg_depend d ON d.classid = placed.classid AND d.objid = placed.objid AND d.deptype = 'e'
      WHERE placed.namespace = r.oid
    ) THEN 'it holds objects of an extension'
    WHEN EXISTS (
      SELECT
      FROM placed
      LEFT JOIN dropped USING (classid, objid)
      WHERE placed.namespace = r.oid AND dropped.objid IS NULL
        AND NOT EXISTS (
          SELECT
          FROM pg_catalog.pg_depend d
          WHERE d.classid = placed.classid AND d.objid = placed.objid AND d.deptype IN ('i', 'a', 'P', 'S')
        )
    ) THEN 'it holds objects that stay'
  END AS obstacle
FROM replaced r
ORDER BY r.nspname
