-- The default privileges of the schemas $1 (oids), which are dropped: for each role and schema the statements that set them
-- again. The new objects were made without them, so they are granted on these as well.
WITH word (kind, plural) AS (
  VALUES ('r'::"char", 'TABLES'), ('S', 'SEQUENCES'), ('f', 'ROUTINES'), ('T', 'TYPES')
), granted AS (
  SELECT d.defaclrole, n.nspname, word.plural,
    pg_catalog.string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) || ' ON ' || word.plural AS what,
    ' TO ' || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
      || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS whom
  FROM pg_catalog.pg_default_acl d
  JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  JOIN word ON word.kind = d.defaclobjtype
  CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
  WHERE n.oid = ANY ($1::oid[])
  GROUP BY d.defaclrole, n.nspname, word.plural, x.grantee, x.is_grantable
), statement (defaclrole, nspname, text) AS (
  SELECT defaclrole, nspname, pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s%s',
    pg_catalog.pg_get_userbyid(defaclrole), nspname, what, whom)
  FROM granted
  UNION ALL
  SELECT defaclrole, nspname, pg_catalog.format('GRANT %s%s',
    pg_catalog.replace(what, ' ON ' || plural, pg_catalog.format(' ON ALL %s IN SCHEMA %I', plural, nspname)), whom)
  FROM granted
  WHERE plural <> 'TYPES' AND pg_catalog.pg_get_userbyid(defaclrole) = CURRENT_USER
)
SELECT pg_catalog.format('default privileges of %I in schema %I', pg_catalog.pg_get_userbyid(defaclrole), nspname) AS object,
  pg_catalog.array_agg(text ORDER BY text) AS statements
FROM statement
GROUP BY defaclrole, nspname
ORDER BY nspname, defaclrole
