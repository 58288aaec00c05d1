-- Rows for the tables that have none: the same number in every column of a row, so that rows refer to
-- each other, and values of every type differ. A table that does not take them stays empty.
DO $$
DECLARE
  one record;
  is_empty boolean;
BEGIN
  -- What is deferred would be found out too late.
  SET CONSTRAINTS ALL IMMEDIATE;
  FOR round IN 1..4 LOOP
    FOR one IN
      SELECT c.oid::pg_catalog.regclass AS name,
        pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns,
        pg_catalog.string_agg(CASE
          WHEN t.typcategory = 'N' THEN 'n'
          WHEN t.typcategory = 'B' THEN 'n % 2 = 0'
          WHEN t.typcategory = 'D' THEN '''2024-01-01''::timestamp + n * interval ''1 hour'''
          WHEN t.typcategory = 'A' THEN '''{}'''
          WHEN t.typcategory = 'E' THEN pg_catalog.quote_literal((SELECT min(enumlabel) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid))
          WHEN t.typcategory = 'I' THEN '(''10.0.0.0''::inet + n)'
          WHEN t.typname IN ('json', 'jsonb') THEN 'pg_catalog.json_build_object(''n'', n)'
          WHEN t.typname = 'uuid' THEN 'pg_catalog.md5(n::text)::uuid'
          WHEN t.typname = 'bytea' THEN 'pg_catalog.decode(pg_catalog.md5(n::text), ''hex'')'
          WHEN t.typname = 'tsvector' THEN 'pg_catalog.to_tsvector(''simple'', ''word'' || n)'
          WHEN t.typcategory = 'S' THEN
            CASE WHEN a.atttypmod BETWEEN 5 AND 14 THEN 'n' ELSE '''é'' || n || E''\t\\''' END
          ELSE 'NULL' END || '::' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS values
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity <> 'a'
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
        AND s.nspname NOT LIKE 'pg\_%' AND s.nspname <> 'information_schema'
      GROUP BY c.oid ORDER BY c.oid
    LOOP
      BEGIN
        EXECUTE pg_catalog.format('SELECT NOT EXISTS (SELECT FROM %s)', one.name) INTO is_empty;
        IF is_empty THEN
          EXECUTE pg_catalog.format('INSERT INTO %s (%s) SELECT %s FROM pg_catalog.generate_series(1, 50) n',
            one.name, one.columns, one.values);
        END IF;
      EXCEPTION WHEN OTHERS THEN
        NULL;
      END;
    END LOOP;
  END LOOP;
END
$$;
