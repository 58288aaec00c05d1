-- What DROP ... CASCADE of the relations $1 (oid[]) takes along, besides what is part of them:
-- views, foreign keys of other tables, functions that name their row type ...
WITH RECURSIVE reached (classid, objid, cascaded, part) AS (
    SELECT 'pg_class'::regclass::oid, relation, false, true
    FROM unnest($1::oid[]) AS given (relation)
  UNION
    SELECT next.classid, next.objid, next.cascaded, next.part
    FROM reached
    CROSS JOIN LATERAL (
        -- What stands on it: its parts (auto, internal), or others (normal).
        SELECT depend.classid, depend.objid,
               reached.cascaded OR depend.deptype = 'n' AS cascaded,
               depend.deptype <> 'n' AS part
        FROM pg_depend AS depend
        WHERE depend.refclassid = reached.classid AND depend.refobjid = reached.objid
      UNION
        -- What it is an internal part of: a view's rule takes the view along.
        SELECT depend.refclassid, depend.refobjid, true, false
        FROM pg_depend AS depend
        WHERE reached.cascaded AND NOT reached.part
          AND depend.classid = reached.classid AND depend.objid = reached.objid
          AND depend.deptype = 'i'
    ) AS next
)
SELECT DISTINCT pg_describe_object(classid, objid, 0) AS object
FROM reached
WHERE cascaded
  AND NOT part
  AND (classid, objid) NOT IN (SELECT classid, objid FROM reached WHERE NOT cascaded)
  AND NOT EXISTS (
      SELECT FROM pg_depend AS depend
      WHERE depend.classid = reached.classid AND depend.objid = reached.objid
        AND depend.deptype = 'i'
  )
ORDER BY object
