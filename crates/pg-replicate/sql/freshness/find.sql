-- The tables of the schema $1 in which freshness is written down, if they are ours.
SELECT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname IN ('run', 'copied_table') AND c.relkind = 'r'
  AND pg_catalog.pg_get_userbyid(c.relowner) = CURRENT_USER
