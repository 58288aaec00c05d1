-- What makes the objects $1 (classes), $2 (oids), $3 (columns, or 0) again, in the order given. $4: the schemas (oids) that
-- are dropped with them, and may not be made by the restore.
--
-- statements: as our role. to_owner: gives it back to its owner. at_last: fills it, as its owner.
--
-- may_be_ours: it shows or does no more when it belongs to our role than when it belonged to its owner. A view reads with
-- the rights of its owner, and past row security when that owns the table; refreshing a materialized view runs its
-- functions as its owner.
WITH object (place, classid, objid, objsubid) AS (
  SELECT o.place, o.classid, o.objid, o.objsubid
  FROM unnest($1::oid[], $2::oid[], $3::int4[]) WITH ORDINALITY AS o (classid, objid, objsubid, place)
), trusted (oid) AS (
  SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = CURRENT_USER
), view AS (
  SELECT c.oid, c.relkind, c.relowner, c.reloptions, c.relispopulated, c.relnamespace,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
    CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS keyword,
    pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') AS query,
    m.amname
  FROM object
  JOIN pg_catalog.pg_class c ON c.oid = object.objid AND c.relkind IN ('v', 'm')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
  WHERE object.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND object.objsubid = 0
), needed (oid, classid, objid) AS (
  SELECT view.oid, d.refclassid, d.refobjid
  FROM view
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = view.oid
  JOIN pg_catalog.pg_depend d
    ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
  WHERE (d.refclassid, d.refobjid) <> ('pg_catalog.pg_class'::pg_catalog.regclass::oid, view.oid)
  UNION
  SELECT view.oid, d.refclassid, d.refobjid
  FROM view
  JOIN pg_catalog.pg_index i ON i.indrelid = view.oid
  JOIN pg_catalog.pg_depend d
    ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
  WHERE d.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass
), unsafe AS (
  SELECT needed.oid
  FROM needed
  JOIN view USING (oid)
  JOIN pg_catalog.pg_class c
    ON needed.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = needed.objid
  WHERE NOT pg_catalog.has_table_privilege(view.relowner, c.oid, 'SELECT')
    OR c.relrowsecurity
    OR view.relkind = 'm' AND c.relkind = 'v' AND c.relowner NOT IN (SELECT oid FROM trusted)
  UNION
  SELECT needed.oid
  FROM needed
  JOIN view USING (oid)
  LEFT JOIN pg_catalog.pg_proc f
    ON needed.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = needed.objid
  LEFT JOIN pg_catalog.pg_operator o
    ON needed.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = needed.objid
  LEFT JOIN pg_catalog.pg_type t
    ON needed.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = needed.objid AND t.typtype = 'd'
  WHERE view.relkind = 'm'
    AND coalesce(f.proowner, o.oprowner, t.typowner) NOT IN (SELECT oid FROM trusted)
), part (classid, oid, place, statement) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, oid, 1, 'CREATE ' || keyword || ' ' || name
    || CASE WHEN relkind = 'm' AND amname <> 'heap' THEN ' USING ' || pg_catalog.quote_ident(amname) ELSE '' END
    || coalesce(' WITH (' || pg_catalog.array_to_string(reloptions, ', ') || ')', '')
    || ' AS ' || query || CASE relkind WHEN 'm' THEN ' WITH NO DATA' ELSE '' END
  FROM view
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 2, pg_catalog.format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', view.name, a.attname,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid))
  FROM view
  JOIN pg_catalog.pg_attrdef d ON d.adrelid = view.oid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 3, pg_catalog.pg_get_ruledef(r.oid)
  FROM view
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = view.oid AND r.rulename <> '_RETURN'
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 4, pg_catalog.pg_get_triggerdef(t.oid)
  FROM view
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = view.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 5, pg_catalog.pg_get_indexdef(i.indexrelid)
  FROM view
  JOIN pg_catalog.pg_index i ON i.indrelid = view.oid
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 6, pg_catalog.pg_get_statisticsobjdef(s.oid)
  FROM view
  JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = view.oid
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, view.oid, 7, 'COMMENT ON '
    || CASE WHEN a.attname IS NULL THEN view.keyword || ' ' || view.name
       ELSE pg_catalog.format('COLUMN %s.%I', view.name, a.attname) END
    || ' IS ' || pg_catalog.quote_literal(d.description)
  FROM view
  JOIN pg_catalog.pg_description d
    ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = view.oid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = view.oid AND a.attnum = d.objsubid AND d.objsubid <> 0
  UNION ALL
  -- Without OR REPLACE: what the restore has made stays.
  SELECT object.classid, f.oid, 1, 'CREATE ' || pg_catalog.substr(pg_catalog.pg_get_functiondef(f.oid), 19)
  FROM object
  JOIN pg_catalog.pg_proc f ON f.oid = object.objid AND f.prokind IN ('f', 'p', 'w')
  WHERE object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION ALL
  SELECT object.classid, f.oid, 7, pg_catalog.format('COMMENT ON ROUTINE %s IS %L', f.oid::pg_catalog.regprocedure, d.description)
  FROM object
  JOIN pg_catalog.pg_proc f ON f.oid = object.objid
  JOIN pg_catalog.pg_description d
    ON d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objoid = f.oid
  WHERE object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
)
SELECT coalesce((
    SELECT ARRAY['CREATE SCHEMA IF NOT EXISTS ' || pg_catalog.quote_ident(n.nspname)]
    FROM pg_catalog.pg_namespace n
    WHERE n.oid = coalesce(view.relnamespace, f.pronamespace) AND n.oid = ANY ($4::oid[])
  ), '{}')
    || ARRAY(SELECT part.statement FROM part WHERE part.classid = object.classid AND part.oid = object.objid ORDER BY part.place, part.statement)
    AS statements,
  CASE
    WHEN view.oid IS NOT NULL THEN
      pg_catalog.format('ALTER %s %s OWNER TO %I', view.keyword, view.name, pg_catalog.pg_get_userbyid(view.relowner))
    WHEN f.oid IS NOT NULL THEN pg_catalog.format('ALTER ROUTINE %s OWNER TO %I', f.oid::pg_catalog.regprocedure,
      pg_catalog.pg_get_userbyid(f.proowner))
  END AS to_owner,
  CASE
    WHEN view.oid IS NOT NULL THEN pg_catalog.format('GRANT ALL ON TABLE %s TO %I', view.name,
      pg_catalog.pg_get_userbyid(view.relowner))
    WHEN f.oid IS NOT NULL THEN pg_catalog.format('GRANT ALL ON ROUTINE %s TO %I', f.oid::pg_catalog.regprocedure,
      pg_catalog.pg_get_userbyid(f.proowner))
  END AS to_owner_as_ours,
  CASE WHEN view.relispopulated AND view.relkind = 'm' THEN 'REFRESH MATERIALIZED VIEW ' || view.name END AS at_last,
  CASE
    WHEN view.oid IS NOT NULL THEN view.oid NOT IN (SELECT oid FROM unsafe)
    WHEN f.oid IS NOT NULL THEN NOT f.prosecdef
    ELSE false
  END AS may_be_ours
FROM object
LEFT JOIN view
  ON object.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND view.oid = object.objid
LEFT JOIN pg_catalog.pg_proc f
  ON object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = object.objid AND f.prokind IN ('f', 'p', 'w')
ORDER BY object.place
