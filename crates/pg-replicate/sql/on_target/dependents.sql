-- What DROP ... CASCADE of the objects $1 (classes), $2 (oids) takes along beside them and their
-- parts: with $3 everything, else only what belongs to other roles. A foreign key of the tables $4
-- (oids) is announced elsewhere.
--
-- holds_rows: a table, a sequence, a column, or what has such things and cannot be made again from a
-- definition. definition: what makes the object again, where the server can tell.
WITH RECURSIVE owners AS (
  :owners
), gone (classid, objid, objsubid) AS (
  SELECT root.classid, root.objid, 0
  FROM unnest($1::oid[], $2::oid[]) AS root (classid, objid)
  UNION
  SELECT next.classid, next.objid, next.objsubid
  FROM gone
  CROSS JOIN LATERAL (
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = gone.classid AND d.refobjid = gone.objid
      AND gone.objsubid IN (0, d.refobjsubid)
    UNION ALL
    -- A part is not dropped alone: dropping a rule drops its view, dropping a member its extension.
    SELECT d.refclassid, d.refobjid, d.refobjsubid
    FROM pg_catalog.pg_depend d
    WHERE d.classid = gone.classid AND d.objid = gone.objid AND gone.objsubid IN (0, d.objsubid)
      AND d.deptype IN ('i', 'e')
  ) AS next (classid, objid, objsubid)
), belonging (classid, objid, owner) AS (
  SELECT classid, objid, owner FROM owners
  UNION ALL
  SELECT 'pg_catalog.pg_publication_rel'::pg_catalog.regclass, r.oid, p.pubowner
  FROM pg_catalog.pg_publication_rel r
  JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
  UNION ALL
  -- Parts belong to the owner of the whole.
  SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, c.relowner
  FROM pg_catalog.pg_attrdef d
  JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
  UNION ALL
  SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, coalesce(c.relowner, t.typowner)
  FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
  WHERE k.conrelid <> ALL ($4::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, c.relowner
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, c.relowner
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  UNION ALL
  SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, c.relowner
  FROM pg_catalog.pg_policy p
  JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
), root (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
), taken AS (
  SELECT gone.classid, gone.objid, gone.objsubid, belonging.owner
  FROM gone
  JOIN belonging USING (classid, objid)
  WHERE (classid, objid) NOT IN (SELECT classid, objid FROM root)
    AND ($3 OR belonging.owner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER))
), firing (state, word) AS (
  VALUES ('D'::"char", 'DISABLE'), ('R', 'ENABLE REPLICA'), ('A', 'ENABLE ALWAYS')
), whole AS (
  SELECT taken.*
  FROM taken
  WHERE NOT EXISTS (
      SELECT FROM taken AS its
      WHERE taken.objsubid <> 0 AND its.objsubid = 0
        AND its.classid = taken.classid AND its.objid = taken.objid
    )
    AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_depend d
      WHERE d.classid = taken.classid AND d.objid = taken.objid
        AND taken.objsubid IN (0, d.objsubid)
        AND d.deptype IN ('a', 'i', 'P', 'S', 'e')
        AND (d.refclassid, d.refobjid) <> (d.classid, d.objid)
        AND (
          EXISTS (
            SELECT FROM taken AS its
            WHERE its.classid = d.refclassid AND its.objid = d.refobjid
              AND its.objsubid IN (0, d.refobjsubid)
          )
          -- Whoever it belongs to, as the constructors of a range do to the server's first role.
          OR d.deptype = 'i' AND (d.refclassid, d.refobjid) IN (SELECT classid, objid FROM gone)
          OR (d.refclassid, d.refobjid) IN (SELECT classid, objid FROM root)
            -- A partition is not just a part.
            AND NOT (
              d.deptype = 'a' AND taken.objsubid = 0
              AND EXISTS (
                SELECT FROM pg_catalog.pg_class p
                WHERE taken.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND p.oid = taken.objid AND p.relispartition AND p.relkind IN ('r', 'p', 'f')
              )
            )
        )
    )
)
SELECT -- Whether our role may become the owner: until version 16, any member may.
  CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
    THEN pg_catalog.pg_has_role(whole.owner, 'SET')
    ELSE pg_catalog.pg_has_role(whole.owner, 'MEMBER')
  END AS may_be_theirs,
  whole.classid, whole.objid, whole.objsubid,
  -- As in is_there.sql.
  pg_catalog.pg_describe_object(whole.classid, whole.objid, whole.objsubid)
    || CASE WHEN k.contypid <> 0 THEN ' on type ' || k.contypid::pg_catalog.regtype ELSE '' END AS object,
  pg_catalog.pg_get_userbyid(whole.owner)::text AS owner,
  whole.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    OR coalesce(
      CASE
        WHEN whole.objsubid = 0 THEN c.relkind IN ('r', 'p', 'f', 'S')
        ELSE c.relkind IN ('r', 'p', 'f', 'c')
      END, false) AS holds_rows,
  CASE
    WHEN c.relkind = 'v' THEN
      'CREATE VIEW ' || c.oid::pg_catalog.regclass || ' AS ' || pg_catalog.pg_get_viewdef(c.oid)
    WHEN c.relkind = 'm' THEN
      'CREATE MATERIALIZED VIEW ' || c.oid::pg_catalog.regclass || ' AS '
        || pg_catalog.pg_get_viewdef(c.oid)
    WHEN c.relkind IN ('i', 'I') THEN pg_catalog.pg_get_indexdef(c.oid)
    WHEN f.prokind IN ('f', 'p', 'w') THEN pg_catalog.pg_get_functiondef(f.oid)
    WHEN k.conrelid <> 0 THEN
      'ALTER TABLE ' || k.conrelid::pg_catalog.regclass || ' ADD CONSTRAINT '
        || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
    WHEN k.contypid <> 0 THEN
      'ALTER DOMAIN ' || k.contypid::pg_catalog.regtype || ' ADD CONSTRAINT '
        || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
    WHEN a.oid IS NOT NULL THEN
      'ALTER TABLE ' || a.adrelid::pg_catalog.regclass || ' ALTER COLUMN '
        || pg_catalog.quote_ident(ac.attname) || ' SET DEFAULT '
        || pg_catalog.pg_get_expr(a.adbin, a.adrelid)
    WHEN g.oid IS NOT NULL THEN pg_catalog.pg_get_triggerdef(g.oid)
      || coalesce('; ALTER TABLE ' || g.tgrelid::pg_catalog.regclass || ' '
        || (SELECT word FROM firing WHERE state = g.tgenabled) || ' TRIGGER ' || pg_catalog.quote_ident(g.tgname), '')
    WHEN r.oid IS NOT NULL THEN pg_catalog.pg_get_ruledef(r.oid)
      || coalesce(' ALTER TABLE ' || r.ev_class::pg_catalog.regclass || ' '
        || (SELECT word FROM firing WHERE state = r.ev_enabled) || ' RULE ' || pg_catalog.quote_ident(r.rulename), '')
    WHEN s.oid IS NOT NULL THEN pg_catalog.pg_get_statisticsobjdef(s.oid)
    WHEN p.oid IS NOT NULL THEN
      'CREATE POLICY ' || pg_catalog.quote_ident(p.polname) || ' ON '
        || p.polrelid::pg_catalog.regclass
        || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
        || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
          WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
        || ' TO ' || (
          SELECT pg_catalog.string_agg(CASE x.oid WHEN 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.oid)) END, ', ')
          FROM unnest(p.polroles) AS x (oid)
        )
        || coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    WHEN t.typtype = 'd' THEN
      'CREATE DOMAIN ' || t.oid::pg_catalog.regtype || ' AS '
        || pg_catalog.format_type(t.typbasetype, t.typtypmod)
        || coalesce((
          SELECT pg_catalog.format(' COLLATE %I.%I', n.nspname, l.collname)
          FROM pg_catalog.pg_collation l
          JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
          JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
          WHERE l.oid = t.typcollation AND t.typcollation <> b.typcollation
        ), '')
        || coalesce(' DEFAULT ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0), '')
        || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce((
          SELECT pg_catalog.string_agg(pg_catalog.format(' CONSTRAINT %I %s', its.conname,
            pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(its.oid), ' NOT VALID$', '')), '' ORDER BY its.oid)
          FROM pg_catalog.pg_constraint its
          WHERE its.contypid = t.oid AND its.contype = 'c'
        ), '')
  END AS definition
FROM whole
LEFT JOIN pg_catalog.pg_class c
  ON whole.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = whole.objid
LEFT JOIN pg_catalog.pg_proc f
  ON whole.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = whole.objid
LEFT JOIN pg_catalog.pg_constraint k
  ON whole.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = whole.objid
LEFT JOIN pg_catalog.pg_attrdef a
  ON whole.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = whole.objid
LEFT JOIN pg_catalog.pg_attribute ac ON ac.attrelid = a.adrelid AND ac.attnum = a.adnum
LEFT JOIN pg_catalog.pg_trigger g
  ON whole.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.oid = whole.objid
LEFT JOIN pg_catalog.pg_rewrite r
  ON whole.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = whole.objid
LEFT JOIN pg_catalog.pg_statistic_ext s
  ON whole.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND s.oid = whole.objid
LEFT JOIN pg_catalog.pg_policy p
  ON whole.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = whole.objid
LEFT JOIN pg_catalog.pg_type t
  ON whole.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = whole.objid
ORDER BY whole.objid, whole.objsubid
