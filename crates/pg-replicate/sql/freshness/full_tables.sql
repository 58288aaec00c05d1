-- The tables that a full copy has made here: those of our role that hold rows, without the tables $1 (oids), which it keeps, and
-- those of the schema $2, in which this is written down.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND pg_catalog.pg_get_userbyid(c.relowner) = CURRENT_USER
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname !~ '^replication_(preserved$|next_|old_)' AND n.nspname <> $2
  AND c.oid <> ALL ($1::oid[])
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
      AND d.deptype = 'e'
  )
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
