-- Objects that cannot be created without the objects ($1 classes, $2 oids), which are numbered from 1,
-- except the tables $3.
--
-- A table needs what its columns' types, defaults and checks need, and so on; it does not need its indexes,
-- triggers and foreign keys.
WITH RECURSIVE lost (classid, objid, root) AS (
  SELECT classid, objid, number
  FROM unnest($1::oid[], $2::oid[]) WITH ORDINALITY AS roots (classid, objid, number)
  UNION
  SELECT whole.classid, whole.objid, lost.root
  FROM lost
  JOIN pg_catalog.pg_depend d ON d.refclassid = lost.classid AND d.refobjid = lost.objid
    AND d.deptype IN ('n', 'a', 'i', 'e', 'P', 'S')
  LEFT JOIN pg_catalog.pg_attrdef a
    ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid
  LEFT JOIN pg_catalog.pg_constraint k
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
      AND k.contype = 'c' AND k.convalidated
  LEFT JOIN pg_catalog.pg_rewrite r
    ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
      AND r.rulename = '_RETURN'
  LEFT JOIN pg_catalog.pg_class c
    ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid AND c.relkind = 'c'
  -- The dependent itself, or the object whose statement creates it.
  CROSS JOIN LATERAL (
    SELECT
      CASE
        WHEN a.oid IS NOT NULL OR r.oid IS NOT NULL OR k.conrelid <> 0
          THEN 'pg_catalog.pg_class'::pg_catalog.regclass::oid
        WHEN c.oid IS NOT NULL OR k.contypid <> 0 THEN 'pg_catalog.pg_type'::pg_catalog.regclass
        ELSE d.classid
      END AS classid,
      coalesce(a.adrelid, r.ev_class, nullif(k.conrelid, 0), nullif(k.contypid, 0), c.reltype, d.objid)
        AS objid
  ) whole
  LEFT JOIN pg_catalog.pg_class part
    ON lost.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND part.oid = lost.objid
  WHERE lost.classid NOT IN (
      'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
      'pg_catalog.pg_constraint'::pg_catalog.regclass)
    AND (part.oid IS NULL OR part.relkind IN ('r', 'p', 'f', 'v', 'm'))
    -- Members of an extension in a schema are created with the extension.
    AND NOT (lost.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND (
      d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      OR EXISTS (
        SELECT FROM pg_catalog.pg_depend e
        WHERE e.deptype = 'e'
          AND (e.classid, e.objid) IN ((d.classid, d.objid), (whole.classid, whole.objid)))))
    AND NOT (whole.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND whole.objid = ANY ($3::oid[]))
)
SELECT lost.root, i.type || ' ' || i.identity AS object,
  -- With its name in SQL, if it may have rows.
  CASE WHEN c.relkind = 'r' THEN i.identity END AS table_name
FROM lost
CROSS JOIN LATERAL pg_catalog.pg_identify_object(lost.classid, lost.objid, 0) i
LEFT JOIN pg_catalog.pg_class c
  ON lost.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = lost.objid
WHERE (c.relkind IN ('r', 'f', 'v', 'm') OR c.relkind = 'p'
    OR lost.classid IN (
      'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass,
      'pg_catalog.pg_type'::pg_catalog.regclass))
  -- The row type of a table, the array type of a type.
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = lost.classid AND d.objid = lost.objid AND d.deptype IN ('e', 'i')
      AND (d.refclassid, d.refobjid) <> (d.classid, d.objid)
  )
  AND (lost.classid, lost.objid) NOT IN (
    SELECT * FROM unnest($1::oid[], $2::oid[]))
ORDER BY lost.root, 2
