-- All that must survive for the tables $1 (oids) to stay as they are: what belongs to them (indexes,
-- defaults, constraints, triggers, policies, rules, owned sequences) and what any of it needs
-- (types, functions, schemas, collations, extensions, sequences in defaults), transitively.
--
-- A foreign key to a table that is not kept is not followed: it goes with that table. A trigger or
-- rule of another table is not followed. Nor is membership in a publication.
--
-- An extension of ours stays with them when it has rows in tables of another role: made anew, its tables would come
-- without the rights that our role was granted on them.
--
-- is_conflict: a table or view that a kept table needs, though it is not kept itself.
WITH RECURSIVE closure (classid, objid) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, kept.oid
  FROM pg_catalog.unnest($1::oid[]) AS kept (oid)
  UNION ALL
  SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, x.oid
  FROM pg_catalog.pg_extension x
  WHERE EXISTS (
    SELECT FROM pg_catalog.pg_class c WHERE c.oid = ANY (x.extconfig) AND c.relowner <> x.extowner)
  UNION
  SELECT step.classid, step.objid
  FROM closure
  CROSS JOIN LATERAL (
    SELECT d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend d
    WHERE d.classid = closure.classid AND d.objid = closure.objid AND d.deptype <> 'p'
    UNION ALL
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = closure.classid AND d.refobjid = closure.objid
      AND d.deptype IN ('a', 'i', 'P', 'S')
  ) AS step (classid, objid)
  WHERE step.classid <> 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
    AND NOT (
      step.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
      AND EXISTS (
        SELECT FROM pg_catalog.pg_constraint c
        WHERE c.oid = step.objid AND c.contype = 'f'
          AND (c.confrelid <> ALL ($1::oid[]) OR c.conrelid <> ALL ($1::oid[]))
      )
    )
    AND NOT (
      step.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
      AND EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.oid = step.objid AND t.tgrelid <> ALL ($1::oid[])
      )
    )
    AND NOT (
      step.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND EXISTS (
        SELECT FROM pg_catalog.pg_rewrite r
        WHERE r.oid = step.objid AND r.ev_class <> ALL ($1::oid[])
      )
    )
)
SELECT closure.classid, closure.objid,
  coalesce(c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.oid <> ALL ($1::oid[]), false) AS is_conflict,
  CASE WHEN c.oid IS NOT NULL THEN c.oid::pg_catalog.regclass::text END AS relation
FROM closure
LEFT JOIN pg_catalog.pg_class c
  ON closure.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = closure.objid
