-- The valid foreign keys from or to the tables ($1 schemas, $2 names), with the pairs of columns that they
-- compare: names, types, and the operator between the referenced and the referencing column. Keys of
-- partitions are included only if they are their own.
SELECT c.conname::text AS name,
  tn.nspname::text AS schema, t.relname::text AS table, t.relkind = 'p' AS is_partitioned,
  rn.nspname::text AS referenced_schema, r.relname::text AS referenced,
  r.relkind = 'p' AS is_referenced_partitioned,
  columns.names, columns.types, columns.referenced_names, columns.referenced_types, columns.operators
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_class r ON r.oid = c.confrelid
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY pair.place) AS names,
    pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY pair.place) AS types,
    pg_catalog.array_agg(ra.attname::text ORDER BY pair.place) AS referenced_names,
    pg_catalog.array_agg(pg_catalog.format_type(ra.atttypid, ra.atttypmod) ORDER BY pair.place)
      AS referenced_types,
    pg_catalog.array_agg(
      pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, op.oprname) ORDER BY pair.place
    ) AS operators
  FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY AS pair (col, referenced, op, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = pair.col
  JOIN pg_catalog.pg_attribute ra ON ra.attrelid = c.confrelid AND ra.attnum = pair.referenced
  JOIN pg_catalog.pg_operator op ON op.oid = pair.op
  JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace
) AS columns
WHERE c.contype = 'f' AND c.convalidated
  AND EXISTS (
    SELECT FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
    WHERE (wanted.schema, wanted.name) = (rn.nspname, r.relname) AND c.conparentid = 0
      OR (wanted.schema, wanted.name) = (tn.nspname, t.relname)
  )
ORDER BY 2, 3, 1
