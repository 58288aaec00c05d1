-- What the role may do here: with the extensions named $1, the foreign-data wrappers named $2, the objects
-- that stay because kept tables need them ($3 classes, $4 oids), and the schemas named $5.
WITH ours AS (
  SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER
)
SELECT 'superuser' AS needs, NULL::text AS name FROM ours WHERE rolsuper
UNION ALL
SELECT 'extension', wanted.name
FROM pg_catalog.unnest($1::text[]) AS wanted (name)
CROSS JOIN ours
WHERE EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = wanted.name)
  OR EXISTS (
    SELECT FROM pg_catalog.pg_available_extension_versions v
    WHERE v.name = wanted.name AND (ours.rolsuper OR v.trusted OR NOT v.superuser)
  )
UNION ALL
-- A missing one is created by its extension, or is refused itself.
SELECT 'wrapper', wanted.name
FROM pg_catalog.unnest($2::text[]) AS wanted (name)
LEFT JOIN pg_catalog.pg_foreign_data_wrapper w ON w.fdwname = wanted.name
WHERE w.oid IS NULL OR pg_catalog.has_foreign_data_wrapper_privilege(w.oid, 'USAGE')
UNION ALL
SELECT 'nothing', i.type || ' ' || i.identity
FROM unnest($3::oid[], $4::oid[]) AS kept (classid, objid)
CROSS JOIN LATERAL pg_catalog.pg_identify_object(kept.classid, kept.objid, 0) i
WHERE i.identity IS NOT NULL
UNION ALL
-- A missing one is created by the role.
SELECT 'schema', wanted.name
FROM pg_catalog.unnest($5::text[]) AS wanted (name)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.name
WHERE n.oid IS NULL OR pg_catalog.has_schema_privilege(n.oid, 'CREATE')
