-- Whether the table $1 (its quoted name) has row security by all of the policies $2.
SELECT c.relrowsecurity
  AND $2::text[] <@ ARRAY(SELECT p.polname::text FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) AS is_secured
FROM pg_catalog.pg_class c
WHERE c.oid = pg_catalog.to_regclass($1)
