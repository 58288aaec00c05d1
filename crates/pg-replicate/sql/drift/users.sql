-- What other roles have made that needs a column ($1 oids of tables, $2 columns, or 0 for a whole table), itself or through
-- other objects of theirs: views, functions, constraints of their tables. place: of the column in $1, from 1.
--
-- An object of our own role is not followed: a copy makes it again from the source's definition.
WITH RECURSIVE link (refclassid, refobjid, refobjsubid, classid, objid, owner) AS (
  SELECT d.refclassid, d.refobjid, d.refobjsubid,
    'pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid, c.relowner
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
  JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
  WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refobjid <> c.oid
  UNION ALL
  SELECT d.refclassid, d.refobjid, d.refobjsubid, d.classid, p.oid, p.proowner
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_proc p ON p.oid = d.objid
  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION ALL
  SELECT d.refclassid, d.refobjid, d.refobjsubid, d.classid, k.oid, c.relowner
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_constraint k ON k.oid = d.objid
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.refobjid <> c.oid
), needed (place, classid, objid, objsubid) AS (
  SELECT root.place, 'pg_catalog.pg_class'::pg_catalog.regclass::oid, root.oid, root.number
  FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS root (oid, number, place)
  UNION
  SELECT needed.place, link.classid, link.objid, 0
  FROM needed
  JOIN link ON link.refclassid = needed.classid AND link.refobjid = needed.objid
    AND needed.objsubid IN (0, link.refobjsubid)
  WHERE link.owner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
)
SELECT DISTINCT needed.place,
  pg_catalog.pg_describe_object(needed.classid, needed.objid, 0) AS object,
  pg_catalog.pg_get_userbyid(link.owner)::text AS owner
FROM needed
JOIN link ON link.classid = needed.classid AND link.objid = needed.objid
WHERE pg_catalog.pg_describe_object(needed.classid, needed.objid, 0) IS NOT NULL
ORDER BY 1, 2
