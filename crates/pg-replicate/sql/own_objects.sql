-- The statements that drop everything our role owns in this database, as DROP OWNED would, but for
-- the objects ($1 classes, $2 oids) that are to survive.
--
-- DROP OWNED itself would also take away privileges that others granted to the role (CREATE on this
-- database, for one, without which nothing can be restored) and its default privileges; and it
-- refuses where the role owns what the server needs.
--
-- lockable: the name of a table, for LOCK TABLE, which takes nothing else; view: that of a view. schema: the one it is in, or is.
-- altered: the beginning of a statement that moves it to another schema; NULL for what cannot be moved, or moves with a table.
WITH owners AS (
  :owners
), kept (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
), me (oid) AS (
  SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER
), owned (classid, objid) AS (
  SELECT owners.classid, owners.objid
  FROM owners
  LEFT JOIN pg_catalog.pg_class c
    ON owners.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = owners.objid
  LEFT JOIN pg_catalog.pg_namespace s
    ON owners.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND s.oid = owners.objid
  WHERE owners.owner = (SELECT oid FROM me)
    -- Indexes and similar objects are dropped with the object they are part of.
    AND (c.oid IS NULL OR c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S'))
    AND (s.oid IS NULL
      OR s.nspname <> 'public' AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema')
    -- An extension that stays needs its schema, and those of its members.
    AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_depend inside
      LEFT JOIN pg_catalog.pg_depend member
        ON member.classid = inside.classid AND member.objid = inside.objid AND member.deptype = 'e'
      JOIN pg_catalog.pg_extension x
        ON x.oid IN (member.refobjid, CASE WHEN inside.classid =
          'pg_catalog.pg_extension'::pg_catalog.regclass THEN inside.objid END)
      WHERE inside.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND inside.refobjid = s.oid
        AND (x.extowner <> (SELECT oid FROM me) OR x.oid < 16384
          OR ('pg_catalog.pg_extension'::pg_catalog.regclass, x.oid)
            IN (SELECT classid, objid FROM kept))
    )
), droppable AS (
  SELECT owned.classid, owned.objid, i.type, i.identity,
    CASE type
      WHEN 'function' THEN 'ROUTINE'
      WHEN 'procedure' THEN 'ROUTINE'
      WHEN 'aggregate' THEN 'ROUTINE'
      WHEN 'composite type' THEN 'TYPE'
      WHEN 'statistics object' THEN 'STATISTICS'
      WHEN 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER'
      ELSE pg_catalog.upper(type)
    END AS word,
    coalesce(i.schema, (
      SELECT n.nspname FROM pg_catalog.pg_namespace n
      WHERE owned.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.oid = owned.objid
    )) AS schema
  FROM owned
  CROSS JOIN LATERAL pg_catalog.pg_identify_object(owned.classid, owned.objid, 0) i
  -- Objects created by initdb have smaller oids.
  WHERE (owned.objid >= 16384 OR i.type = 'large object')
    -- NULL for an object dropped in the meantime.
    AND i.identity IS NOT NULL
    AND coalesce(i.schema, '') !~ '^pg_(toast|temp)'
    -- An extension's members are dropped with it, a column's sequence and a table's row type with the
    -- table.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = owned.classid AND d.objid = owned.objid AND d.deptype IN ('e', 'i')
        -- A partitioned table depends on the columns of its own key.
        AND (d.refclassid, d.refobjid) <> (d.classid, d.objid)
    )
    AND (owned.classid, owned.objid) NOT IN (SELECT classid, objid FROM kept)
)
SELECT classid, objid, type || ' ' || identity AS object,
  CASE type WHEN 'table' THEN identity END AS lockable,
  CASE WHEN type IN ('view', 'materialized view') THEN identity END AS view,
  CASE type
    WHEN 'large object' THEN 'SELECT pg_catalog.lo_unlink(' || objid || ')'
    ELSE 'DROP ' || word || ' IF EXISTS ' || identity || ' CASCADE'
  END AS statement,
  schema,
  CASE WHEN type <> 'schema' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE type = 'sequence' AND d.classid = droppable.classid AND d.objid = droppable.objid AND d.deptype = 'a'
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  ) THEN 'ALTER ' || word || ' ' || identity END AS altered
FROM droppable
-- Tables first, because their dependents are then already gone; partitions and children before their
-- parents, whose drop would drop them all at once. Schemas and extensions last.
ORDER BY CASE type
    WHEN 'publication' THEN 0 WHEN 'event trigger' THEN 0
    WHEN 'table' THEN 1 WHEN 'foreign table' THEN 1
    WHEN 'extension' THEN 8 WHEN 'schema' THEN 9
    ELSE 5
  END,
  EXISTS (
    SELECT FROM pg_catalog.pg_inherits i
    WHERE type IN ('table', 'foreign table') AND i.inhparent = objid
  ),
  CASE WHEN type IN ('table', 'foreign table') THEN - objid::int8 ELSE objid::int8 END
