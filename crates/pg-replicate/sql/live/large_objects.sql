-- The large objects of a database, each with its comment.
SELECT m.oid, d.description
FROM pg_catalog.pg_largeobject_metadata m
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = m.oid AND d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
ORDER BY m.oid
