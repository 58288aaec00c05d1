-- The statements that take away what default privileges have granted on the store: row security does not keep a TRIGGER or
-- TRUNCATE.
SELECT pg_catalog.format('REVOKE ALL ON %s FROM %s', its.name, CASE x.grantee WHEN 0 THEN 'PUBLIC'
  ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END) AS statement
FROM (
  SELECT 'SCHEMA replication_preserved', nspowner, nspacl
  FROM pg_catalog.pg_namespace
  WHERE nspname = 'replication_preserved'
  UNION ALL
  SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::pg_catalog.regclass, relowner, relacl
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'replication_preserved' AND c.relkind IN ('r', 'S')
) AS its (name, owner, acl)
CROSS JOIN LATERAL pg_catalog.aclexplode(its.acl) AS x
WHERE x.grantee <> its.owner
