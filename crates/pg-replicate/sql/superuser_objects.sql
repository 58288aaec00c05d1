-- Statements that drop objects without an owner, which belong to superusers, except the objects ($1
-- classes, $2 oids) that must stay; and the role's subscriptions.
--
-- A restored subscription refers to the slot of the source's subscription, which is left alone on its
-- server.
WITH ownerless (classid, objid) AS (
  SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass::oid, oid FROM pg_catalog.pg_cast
  UNION ALL
  SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass, oid FROM pg_catalog.pg_transform
  UNION ALL
  SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, oid FROM pg_catalog.pg_am
  UNION ALL
  SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_parser
  UNION ALL
  SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_template
  UNION ALL
  SELECT 'pg_catalog.pg_subscription'::pg_catalog.regclass, oid FROM pg_catalog.pg_subscription
  WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database
                   WHERE datname = pg_catalog.current_database())
    AND subowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
)
SELECT o.classid, o.objid, i.type || ' ' || i.identity AS object, NULL::text AS lockable, NULL::text AS view,
  CASE i.type
    WHEN 'transform' THEN
      'DROP TRANSFORM IF EXISTS FOR ' || t.trftype::pg_catalog.regtype || ' LANGUAGE '
        || pg_catalog.quote_ident(l.lanname) || ' CASCADE'
    WHEN 'subscription' THEN
      'ALTER SUBSCRIPTION ' || i.identity || ' DISABLE; '
        || 'ALTER SUBSCRIPTION ' || i.identity || ' SET (slot_name = NONE); '
        || 'DROP SUBSCRIPTION IF EXISTS ' || i.identity || ' CASCADE'
    ELSE 'DROP ' || pg_catalog.upper(i.type) || ' IF EXISTS ' || i.identity || ' CASCADE'
  END AS statement,
  -- A cast or transform counts as part of the schema in which a copy is built if its type is.
  coalesce(i.schema, (
    SELECT n.nspname
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_type type
      ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND type.oid = d.refobjid
    JOIN pg_catalog.pg_namespace n ON n.oid = type.typnamespace
    WHERE d.classid = o.classid AND d.objid = o.objid AND n.nspname ~ '^replication_next_'
    LIMIT 1
  )) AS schema,
  CASE WHEN i.schema IS NOT NULL THEN 'ALTER ' || pg_catalog.upper(i.type) || ' ' || i.identity END AS altered
FROM ownerless o
CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
LEFT JOIN pg_catalog.pg_transform t
  ON o.classid = 'pg_catalog.pg_transform'::pg_catalog.regclass AND t.oid = o.objid
LEFT JOIN pg_catalog.pg_language l ON l.oid = t.trflang
WHERE o.objid >= 16384
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('e', 'i')
  )
  AND (o.classid, o.objid) NOT IN (
    SELECT kept.classid, kept.objid FROM unnest($1::oid[], $2::oid[])
      AS kept (classid, objid)
  )
ORDER BY o.classid, o.objid
