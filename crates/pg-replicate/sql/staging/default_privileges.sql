-- The statements that give objects made by our role in the schema $2 the privileges that they would have by default in $1.
SELECT pg_catalog.format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT %s ON %s TO %s%s', $2::text,
  pg_catalog.string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type),
  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' END,
  CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
FROM pg_catalog.pg_default_acl d
JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
WHERE n.nspname = $1::text AND pg_catalog.pg_get_userbyid(d.defaclrole) = CURRENT_USER
  AND d.defaclobjtype IN ('r', 'S', 'f', 'T')
GROUP BY d.defaclobjtype, x.grantee, x.is_grantable
