-- Tables, views, sequences, types and routines of other owners in the schemas that are restored. They stay,
-- and restoring an object with the same name would fail.
SELECT i.type || ' ' || i.identity AS object, n.nspname || '.' || foreigner.name AS name
FROM (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, oid, relnamespace AS namespace,
    relname AS name, relowner AS owner
  FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace, typname, typowner
  FROM pg_catalog.pg_type
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace,
    (proname || '(' || pg_catalog.pg_get_function_identity_arguments(oid) || ')'), proowner
  FROM pg_catalog.pg_proc
) AS foreigner
JOIN pg_catalog.pg_namespace n ON n.oid = foreigner.namespace
CROSS JOIN LATERAL pg_catalog.pg_identify_object(foreigner.classid, foreigner.oid, 0) i
WHERE i.identity IS NOT NULL AND foreigner.name IS NOT NULL
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND foreigner.owner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
  AND foreigner.oid >= 16384
  AND foreigner.oid <> ALL ($1::oid[])
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = foreigner.classid AND d.objid = foreigner.oid AND d.deptype IN ('e', 'i')
        -- A partitioned table depends on the columns of its own key.
        AND (d.refclassid, d.refobjid) <> (d.classid, d.objid)
  )
ORDER BY 1
