-- Dumped objects that the role may not read, except the tables $1 (oids): pg_dump locks and reads every
-- table, reads every sequence, and needs USAGE on each schema that contains any.
WITH dumped AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'replication_preserved')
    AND c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
    AND c.oid <> ALL ($1::oid[])
    -- Members of an extension are not dumped, except those whose rows it marks for dumping.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      LEFT JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND c.oid = ANY (x.extconfig)
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.deptype = 'e' AND x.oid IS NULL
    )
    -- Nor the sequences of a kept table's columns.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjid = ANY ($1::oid[])
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    )
)
SELECT 'schema' AS kind, n.nspname::text AS name
FROM pg_catalog.pg_namespace n
WHERE n.nspname IN (SELECT nspname FROM dumped)
  AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
UNION ALL
SELECT 'table', pg_catalog.format('%s.%s', nspname, relname)
FROM dumped
WHERE relkind IN ('r', 'p') AND NOT pg_catalog.has_table_privilege(oid, 'SELECT')
UNION ALL
SELECT 'sequence', pg_catalog.format('%s.%s', nspname, relname)
FROM dumped
-- In a CASE, because asking for a sequence's privilege on a table is an error.
WHERE CASE relkind WHEN 'S' THEN NOT pg_catalog.has_sequence_privilege(oid, 'SELECT') END
UNION ALL
SELECT 'row-secured table', pg_catalog.format('%s.%s', nspname, relname)
FROM dumped
WHERE relkind = 'r' AND pg_catalog.row_security_active(oid)
UNION ALL
SELECT 'large object', m.oid::text
FROM pg_catalog.pg_largeobject_metadata m
JOIN pg_catalog.pg_roles r ON r.rolname = CURRENT_USER AND NOT r.rolsuper
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.aclexplode(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) a
  WHERE a.privilege_type = 'SELECT'
    AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE'))
)
ORDER BY 1, 2
