-- Foreign keys of the tables ($1 schemas, $2 names).
SELECT c.conname::text AS name, tn.nspname::text AS schema, t.relname::text AS table,
  rn.nspname::text AS referenced_schema, r.relname::text AS referenced
FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
JOIN pg_catalog.pg_namespace tn ON tn.nspname = wanted.schema
JOIN pg_catalog.pg_class t ON t.relnamespace = tn.oid AND t.relname = wanted.name
JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' AND c.conparentid = 0
JOIN pg_catalog.pg_class r ON r.oid = c.confrelid
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
ORDER BY 2, 3, 1
