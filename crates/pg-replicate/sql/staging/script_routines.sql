-- The definitions of our routines in the schemas $1 whose bodies have names of the build: those that the enrichment has made.
-- quoted: the names of the schemas.
SELECT pg_catalog.pg_get_functiondef(p.oid) AS definition,
  ARRAY (SELECT pg_catalog.quote_ident(name) FROM unnest($1::text[]) WITH ORDINALITY AS s (name, place) ORDER BY place) AS quoted
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($1::text[]) AND p.prokind IN ('f', 'p')
  AND p.prosrc ~ '"replication_next_[0-9]+"\.'
  AND pg_catalog.pg_get_userbyid(p.proowner) = CURRENT_USER
