-- The table in which is written down what is given back, if our role has made it, and nobody else can replace it.
SELECT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'replication_preserved' AND c.relname = 'object' AND c.relkind = 'r'
  AND pg_catalog.pg_get_userbyid(c.relowner) = CURRENT_USER AND n.nspowner = c.relowner
