-- Whether deleting a row of the table ($1 schema, $2 name) deletes or changes others: CASCADE, SET NULL,
-- SET DEFAULT.
SELECT EXISTS (
  SELECT
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relname = $2::text
    AND k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
) AS changes_others
