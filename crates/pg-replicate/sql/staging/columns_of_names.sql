-- Columns of tables, except the tables $1 (oids), whose values are the names of objects: a name means another object where a
-- copy is built. test: a query that tells whether there is such a value; NULL if only a look at each value could tell.
--
-- Values below 16384 are objects of the server, which are the same everywhere.
WITH RECURSIVE of_names (oid, is_direct) AS (
  SELECT pg_catalog.to_regtype('pg_catalog.' || name)::oid, true
  FROM unnest('{regclass,regproc,regprocedure,regtype,regoper,regoperator,regconfig,regdictionary,regcollation,regnamespace}'::text[]) AS name
  UNION
  SELECT t.oid, false
  FROM of_names
  JOIN pg_catalog.pg_type t
    ON t.typelem = of_names.oid AND t.typlen = -1 OR t.typbasetype = of_names.oid
    OR t.typtype = 'c' AND EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = t.typrelid AND a.atttypid = of_names.oid AND a.attnum > 0 AND NOT a.attisdropped
    )
)
SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS "column",
  CASE WHEN of_names.is_direct THEN
    pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %I.%I WHERE %I::oid >= 16384)', n.nspname, c.relname, a.attname)
  END AS test
FROM of_names
JOIN pg_catalog.pg_attribute a ON a.atttypid = of_names.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.oid <> ALL ($1::oid[])
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1, 2, a.attnum
