-- What an ordinary role cannot do with objects of others: extensions ($1 names) that it may not create,
-- extensions and schemas that it may not comment on.
SELECT 'create' AS what, 'EXTENSION ' || wanted.name AS object
FROM unnest($1::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = wanted.name)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_available_extension_versions v
    JOIN pg_catalog.pg_roles r ON r.rolname = CURRENT_USER
    WHERE v.name = wanted.name AND (r.rolsuper OR v.trusted OR NOT v.superuser)
  )
UNION ALL
SELECT 'comment', 'EXTENSION ' || extname
FROM pg_catalog.pg_extension WHERE NOT pg_catalog.pg_has_role(extowner, 'USAGE')
UNION ALL
SELECT 'comment', 'SCHEMA ' || nspname
FROM pg_catalog.pg_namespace WHERE NOT pg_catalog.pg_has_role(nspowner, 'USAGE')
