-- Whether there is an object that dependents.sql describes as $1, and which.
SELECT pg_catalog.count(*) > 0 AS is_there, pg_catalog.max(its.classid::oid) AS classid, pg_catalog.max(its.objid) AS objid
FROM (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid FROM pg_catalog.pg_class
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM pg_catalog.pg_proc
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid FROM pg_catalog.pg_type
  UNION ALL
  SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, oid FROM pg_catalog.pg_constraint
  UNION ALL
  SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, oid FROM pg_catalog.pg_trigger
  UNION ALL
  SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, oid FROM pg_catalog.pg_rewrite
  UNION ALL
  SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, oid FROM pg_catalog.pg_policy
  UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid FROM pg_catalog.pg_statistic_ext
) AS its (classid, objid)
LEFT JOIN pg_catalog.pg_constraint k
  ON its.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = its.objid
WHERE its.objid >= 16384
  AND pg_catalog.pg_describe_object(its.classid, its.objid, 0)
    || CASE WHEN k.contypid <> 0 THEN ' on type ' || k.contypid::pg_catalog.regtype ELSE '' END = $1
