-- Objects of this database that not every role may create elsewhere, and what is needed: superuser rights,
-- an extension (name), USAGE on a foreign-data wrapper (name), or CREATE on a schema (name) for the objects
-- in it. Members of extensions are created with these, and constructors of range types with the types.
WITH suspects (classid, objid, needs, name) AS (
  -- Compiled code has the rights of the server, and so do LEAKPROOF functions.
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid, 'superuser', NULL::text
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE NOT l.lanpltrusted AND p.prokind <> 'a'
    OR p.proleakproof OR p.prosupport <> 0
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, a.aggfnoid::oid, 'superuser', NULL
  FROM pg_catalog.pg_aggregate a
  WHERE 'pg_catalog.internal'::pg_catalog.regtype IN (a.aggtranstype, a.aggmtranstype)
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'superuser', NULL
  FROM pg_catalog.pg_type t
  WHERE t.typtype = 'b' AND t.typisdefined
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, 'superuser', NULL FROM pg_catalog.pg_opclass
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, 'superuser', NULL FROM pg_catalog.pg_opfamily
  UNION ALL
  SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, oid, 'superuser', NULL FROM pg_catalog.pg_am
  UNION ALL
  SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid, 'superuser', NULL FROM pg_catalog.pg_ts_parser
  UNION ALL
  SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid, 'superuser', NULL
  FROM pg_catalog.pg_ts_template
  UNION ALL
  SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid, 'superuser', NULL FROM pg_catalog.pg_language
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, 'superuser', NULL
  FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL
  -- Only the owner of one of the types may create a cast between them.
  SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, oid, 'superuser', NULL
  FROM pg_catalog.pg_cast
  WHERE castmethod = 'b' OR (castsource < 16384 AND casttarget < 16384)
  UNION ALL
  SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass, oid, 'superuser', NULL
  FROM pg_catalog.pg_transform WHERE trftype < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 'wrapper', w.fdwname::text
  FROM pg_catalog.pg_foreign_server s
  JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  UNION ALL
  SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, oid, 'extension', extname::text
  FROM pg_catalog.pg_extension
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, 'schema', nspname::text
  FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_'
)
SELECT s.classid, s.objid, s.needs, s.name, i.type || ' ' || i.identity AS object
FROM suspects s
CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, 0) i
WHERE s.objid >= 16384
  AND coalesce(i.schema, '') !~ '^pg_' AND i.schema IS DISTINCT FROM 'information_schema'
  AND (s.needs = 'schema' OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype IN ('e', 'i')
  ))
