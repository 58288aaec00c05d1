-- The columns of the table's primary key ($1 schema, $2 name), in order.
SELECT a.attname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS column_of (number, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = column_of.number
WHERE n.nspname = $1::text AND c.relname = $2::text
ORDER BY column_of.place
