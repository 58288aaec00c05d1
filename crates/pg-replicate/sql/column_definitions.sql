-- Definitions of the columns of the table ($1 schema, $2 name), in addition to their types. With an empty
-- search path, all names in expressions are qualified.
SELECT a.attname::text AS name,
  CASE WHEN a.attcollation NOT IN (0, t.typcollation)
    THEN pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
  END AS collation,
  CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default_expression,
  CASE a.attgenerated
    WHEN 's' THEN '(' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') STORED'
    WHEN 'v' THEN '(' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL'
  END AS generated_expression
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
WHERE n.nspname = $1::text AND c.relname = $2::text
ORDER BY a.attnum
