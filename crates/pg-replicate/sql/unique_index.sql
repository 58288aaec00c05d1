-- Whether the table ($1 schema, $2 name) has a unique index over exactly these columns ($3) that ON
-- CONFLICT can use: valid, checked immediately, without a condition or an expression.
SELECT EXISTS (
  SELECT
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
  WHERE n.nspname = $1::text AND c.relname = $2::text
    AND i.indisunique AND i.indimmediate AND i.indisvalid
    AND i.indpred IS NULL AND i.indexprs IS NULL
    AND (
      SELECT pg_catalog.array_agg(a.attname::text COLLATE "C" ORDER BY a.attname::text COLLATE "C")
      FROM unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS part (number, place)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.number
      WHERE part.place <= i.indnkeyatts
    ) = (
      SELECT pg_catalog.array_agg(wanted COLLATE "C" ORDER BY wanted COLLATE "C")
      FROM unnest($3::text[]) AS wanted
    )
) AS found
