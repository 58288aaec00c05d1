-- What others were granted on the objects $1 (classes), $2 (oids): for each object the statements that grant it again.
--
-- An owner's own privileges come with the new object. What PUBLIC has by default, and was revoked, is revoked again. What a
-- grantee has handed on is granted by the owner.
--
-- secured_table, policies: where a table has row security; without it the same grants would show more rows.
WITH object (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
  UNION
  -- The sequence of an identity column is dropped as a part of its table.
  SELECT d.classid, d.objid
  FROM unnest($1::oid[], $2::oid[]) AS root (classid, objid)
  JOIN pg_catalog.pg_depend d
    ON d.refclassid = root.classid AND d.refobjid = root.objid AND d.deptype = 'i'
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
), acl (classid, objid, columns, keyword, public_has, owner, privileges) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid, '',
    CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, false, relowner, relacl
  FROM pg_catalog.pg_class
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
    ' (' || pg_catalog.quote_ident(a.attname) || ')', 'TABLE', false, c.relowner, a.attacl
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  WHERE NOT a.attisdropped
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, '', 'ROUTINE', true, proowner, proacl
  FROM pg_catalog.pg_proc
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, '', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, true,
    typowner, typacl
  FROM pg_catalog.pg_type
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, '', 'SCHEMA', false, nspowner, nspacl
  FROM pg_catalog.pg_namespace
  UNION ALL
  SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid, '', 'LANGUAGE', true, lanowner, lanacl
  FROM pg_catalog.pg_language
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, '', 'FOREIGN DATA WRAPPER', false, fdwowner,
    fdwacl
  FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, '', 'FOREIGN SERVER', false, srvowner, srvacl
  FROM pg_catalog.pg_foreign_server
), its AS (
  SELECT acl.*
  FROM acl
  JOIN object USING (classid, objid)
  WHERE acl.privileges IS NOT NULL
), statement (classid, objid, place, head, tail) AS (
  SELECT classid, objid, 0, 'REVOKE ALL ON ' || keyword || ' ', ' FROM PUBLIC'
  FROM its
  WHERE public_has
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(privileges) AS x WHERE x.grantee = 0)
  UNION ALL
  SELECT its.classid, its.objid, 1,
    'GRANT ' || pg_catalog.string_agg(x.privilege_type || its.columns, ', ' ORDER BY x.privilege_type)
      || ' ON ' || its.keyword || ' ',
    ' TO ' || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
      || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
  FROM its
  CROSS JOIN LATERAL pg_catalog.aclexplode(its.privileges) AS x
  WHERE x.grantee <> its.owner
  -- Each column for itself: one of them may be gone.
  GROUP BY its.classid, its.objid, its.keyword, its.columns, x.grantee, x.is_grantable
)
SELECT s.classid, s.objid,
  'grants on ' || identity.type || ' ' || identity.identity AS object,
  pg_catalog.array_agg(s.head || identity.identity || s.tail ORDER BY s.place, s.head, s.tail) AS statements,
  CASE WHEN c.relrowsecurity THEN identity.identity END AS secured_table,
  CASE WHEN c.relrowsecurity THEN
    ARRAY(SELECT p.polname::text FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid ORDER BY 1)
  END AS policies
FROM statement s
CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, 0) AS identity
LEFT JOIN pg_catalog.pg_class c
  ON s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = s.objid
WHERE identity.identity IS NOT NULL
GROUP BY s.classid, s.objid, identity.type, identity.identity, c.oid, c.relrowsecurity
ORDER BY s.classid, s.objid
