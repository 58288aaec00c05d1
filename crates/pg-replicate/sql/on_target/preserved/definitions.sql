-- What makes the objects $1 (classes), $2 (oids), $3 (columns, or 0) again, in the order given. $4: the schemas (oids) that
-- are dropped with them, and may not be made by the restore. $5: what was made for other roles but is ours, as described by
-- the server: its text is theirs.
--
-- statements: as our role; nothing in them may run what another role has written. to_owner: gives it back to its owner.
-- at_last: run when it belongs to its owner, for the server makes an index and fills a materialized view with the rights of
-- the owner, who cannot leave them there.
--
-- is_not_valid: a constraint that is added without a look at the rows. That would run functions of its owner in our session,
-- where they could take our rights: a check's, a cast's, and what is constant in the expressions of the table's indexes, which
-- is computed when a query is planned.
--
-- runs_theirs: already the text of the definition may run what another role has written: a constant whose type holds a
-- domain (an array of it, a composite type with it) is checked when it is read.
--
-- may_be_ours: it shows or does no more when it belongs to our role than when it belonged to its owner. A view reads and
-- writes with the rights of its owner, and past row security when that owns the table; refreshing a materialized view runs
-- its functions as its owner, and a function of the server that is not immutable may run any query.
WITH RECURSIVE object (place, classid, objid, objsubid) AS (
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
), piece (place, classid, objid) AS (
  SELECT place, classid, objid FROM object
  UNION ALL
  SELECT o.place, part.classid, part.objid
  FROM object o
  JOIN (
    SELECT ev_class, 'pg_catalog.pg_rewrite'::pg_catalog.regclass::oid, oid FROM pg_catalog.pg_rewrite
    UNION ALL
    SELECT indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, indexrelid FROM pg_catalog.pg_index
    UNION ALL
    SELECT tgrelid, 'pg_catalog.pg_trigger'::pg_catalog.regclass, oid FROM pg_catalog.pg_trigger
    UNION ALL
    SELECT adrelid, 'pg_catalog.pg_attrdef'::pg_catalog.regclass, oid FROM pg_catalog.pg_attrdef
    UNION ALL
    SELECT stxrelid, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid FROM pg_catalog.pg_statistic_ext
  ) AS part (relation, classid, objid)
    ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND part.relation = o.objid
  UNION ALL
  SELECT o.place, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
  FROM object o
  JOIN pg_catalog.pg_constraint k
    ON o.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND k.contypid = o.objid
), needed (place, classid, objid) AS (
  SELECT DISTINCT piece.place, d.refclassid, d.refobjid
  FROM piece
  JOIN pg_catalog.pg_depend d ON d.classid = piece.classid AND d.objid = piece.objid
), domain (classid, objid) AS (
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, oid
  FROM pg_catalog.pg_type
  WHERE typtype = 'd' AND typowner NOT IN (SELECT oid FROM trusted)
  UNION
  SELECT next.classid, next.objid
  FROM domain
  CROSS JOIN LATERAL (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = domain.classid AND d.refobjid = domain.objid
      AND d.classid IN ('pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass)
    UNION ALL
    -- A composite type's relation is a part of the type.
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, c.reltype
    FROM pg_catalog.pg_class c
    WHERE domain.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = domain.objid
  ) AS next (classid, objid)
), runs_theirs (place) AS (
  SELECT needed.place
  FROM needed
  JOIN domain USING (classid, objid)
  JOIN pg_catalog.pg_type t ON t.oid = needed.objid AND t.typtype <> 'd'
  WHERE needed.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
), read (place, oid, relkind, relowner) AS (
  SELECT object.place, view.oid, view.relkind, view.relowner
  FROM object
  JOIN view ON object.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND view.oid = object.objid
), unsafe AS (
  SELECT read.oid
  FROM read
  JOIN needed USING (place)
  JOIN pg_catalog.pg_class c
    ON needed.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = needed.objid AND c.oid <> read.oid
  WHERE NOT pg_catalog.has_table_privilege(read.relowner, c.oid, 'SELECT')
    OR c.relrowsecurity
    -- Read with a mapping of the owner's.
    OR c.relkind = 'f'
    -- Planning a query of a table computes what is constant in the expressions of its indexes.
    OR read.relkind = 'm' AND (
      c.relowner NOT IN (SELECT oid FROM trusted)
      OR c.reloptions::text LIKE '%security_invoker%'
      OR pg_catalog.pg_describe_object(needed.classid, c.oid, 0) = ANY ($5::text[])
    )
  UNION
  SELECT read.oid
  FROM read
  JOIN needed USING (place)
  LEFT JOIN pg_catalog.pg_proc f
    ON needed.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = needed.objid
  LEFT JOIN pg_catalog.pg_operator o
    ON needed.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = needed.objid
  LEFT JOIN pg_catalog.pg_type t
    ON needed.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = needed.objid AND t.typtype = 'd'
  WHERE read.relkind = 'm' AND (
    coalesce(f.proowner, o.oprowner, t.typowner) NOT IN (SELECT oid FROM trusted)
    OR pg_catalog.pg_describe_object(needed.classid, f.oid, 0) = ANY ($5::text[])
  )
  UNION
  SELECT read.oid
  FROM read
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = read.oid
  WHERE r.rulename <> '_RETURN'
  UNION
  -- Whose functions may be others by the time the index is made.
  SELECT read.oid
  FROM read
  JOIN pg_catalog.pg_index i ON i.indrelid = read.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  UNION
  -- No dependency is recorded on a function of the server itself.
  SELECT read.oid
  FROM read
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = read.oid
  CROSS JOIN LATERAL pg_catalog.regexp_matches(r.ev_action::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g')
    AS called
  JOIN pg_catalog.pg_proc f ON f.oid = called[1]::oid AND f.provolatile <> 'i'
  WHERE read.relkind = 'm'
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
    -- What is written through it would be written with our rights.
    WHEN view.oid IS NOT NULL THEN pg_catalog.format('GRANT SELECT ON TABLE %s TO %I', view.name,
      pg_catalog.pg_get_userbyid(view.relowner)) || coalesce((
        SELECT pg_catalog.format('; REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON TABLE %s FROM ', view.name)
          || pg_catalog.string_agg(DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END, ', ')
        FROM (
          SELECT relacl FROM pg_catalog.pg_class WHERE oid = view.oid
          UNION ALL
          SELECT attacl FROM pg_catalog.pg_attribute WHERE attrelid = view.oid
        ) AS its (acl)
        CROSS JOIN LATERAL pg_catalog.aclexplode(its.acl) AS x
      ), '')
    WHEN f.oid IS NOT NULL THEN pg_catalog.format('GRANT ALL ON ROUTINE %s TO %I', f.oid::pg_catalog.regprocedure,
      pg_catalog.pg_get_userbyid(f.proowner))
  END AS to_owner_as_ours,
  CASE WHEN view.relkind = 'm' THEN nullif(pg_catalog.concat_ws('; ', (
      SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid), '; ' ORDER BY i.indexrelid)
      FROM pg_catalog.pg_index i
      WHERE i.indrelid = view.oid
    ), CASE WHEN view.relispopulated THEN 'REFRESH MATERIALIZED VIEW ' || view.name END), '')
  END AS at_last,
  CASE
    WHEN view.oid IS NOT NULL THEN view.oid NOT IN (SELECT oid FROM unsafe)
    WHEN f.oid IS NOT NULL THEN NOT f.prosecdef
    ELSE false
  END AS may_be_ours,
  object.place IN (SELECT place FROM runs_theirs) AS runs_theirs,
  coalesce(k.convalidated AND coalesce(c.relowner, d.typowner) NOT IN (SELECT oid FROM trusted)
    AND k.contype IN ('c', 'f'), false) AS is_not_valid
FROM object
LEFT JOIN view
  ON object.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND view.oid = object.objid
LEFT JOIN pg_catalog.pg_proc f
  ON object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = object.objid AND f.prokind IN ('f', 'p', 'w')
LEFT JOIN pg_catalog.pg_constraint k
  ON object.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = object.objid
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_type d ON d.oid = k.contypid
ORDER BY object.place
