-- The default privileges of the schemas $1 (oids), which are dropped: for each role and schema the statements that set them
-- again. The new objects were made without them, so they are granted on these as well, but for those that were there before.
WITH word (kind, plural) AS (
  VALUES ('r'::"char", 'TABLES'), ('S', 'SEQUENCES'), ('f', 'ROUTINES'), ('T', 'TYPES')
), granted AS (
  SELECT d.defaclrole, n.nspname, word.plural,
    pg_catalog.string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) AS privileges,
    ' TO ' || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
      || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS whom
  FROM pg_catalog.pg_default_acl d
  JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  JOIN word ON word.kind = d.defaclobjtype
  CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
  WHERE n.oid = ANY ($1::oid[])
  GROUP BY d.defaclrole, n.nspname, word.plural, x.grantee, x.is_grantable
), statement (defaclrole, nspname, text) AS (
  SELECT defaclrole, nspname, pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s%s',
    pg_catalog.pg_get_userbyid(defaclrole), nspname, privileges, plural, whom)
  FROM granted
  UNION ALL
  -- What is there now has its own grants, or none.
  SELECT granted.defaclrole, granted.nspname, pg_catalog.format('DO %L', pg_catalog.format(
    'DECLARE new text; BEGIN FOR new IN SELECT %s LOOP EXECUTE %L || new || %L; END LOOP; END',
    pg_catalog.format(its.query, granted.nspname, its.present),
    pg_catalog.format('GRANT %s ON %s ', granted.privileges, its.keyword), granted.whom))
  FROM granted
  JOIN (
    SELECT n.nspname, word.plural, 'ROUTINE' AS keyword,
      'p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(%L))
          AND p.proowner = CURRENT_USER::pg_catalog.regrole
          AND p.oid::pg_catalog.regprocedure::text <> ALL (%L::text[])' AS query,
      ARRAY(SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid) AS present
    FROM pg_catalog.pg_namespace n
    JOIN word ON word.kind = 'f'
    UNION ALL
    SELECT n.nspname, word.plural, pg_catalog.rtrim(word.plural, 'S'),
      'c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c
        WHERE c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(%L))
          AND c.relowner = CURRENT_USER::pg_catalog.regrole AND c.relkind IN '
        || CASE word.kind WHEN 'S' THEN '(''S'')' ELSE '(''r'', ''p'', ''v'', ''m'', ''f'')' END || '
          AND c.relname <> ALL (%L::name[])',
      ARRAY(SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
    FROM pg_catalog.pg_namespace n
    JOIN word ON word.kind IN ('r', 'S')
  ) AS its USING (nspname, plural)
  WHERE pg_catalog.pg_get_userbyid(granted.defaclrole) = CURRENT_USER
)
SELECT pg_catalog.format('default privileges of %I in schema %I', pg_catalog.pg_get_userbyid(defaclrole), nspname) AS object,
  pg_catalog.array_agg(text ORDER BY text) AS statements
FROM statement
GROUP BY defaclrole, nspname
ORDER BY nspname, defaclrole
