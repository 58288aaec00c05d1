-- Number of objects that the server locks to drop each of ($1 classes, $2 oids) with all dependents; a
-- schema is empty when it is dropped.
--
-- total: for all of them together. capacity: the minimum size of the server's lock table.
WITH RECURSIVE gone (root_class, root_oid, classid, objid) AS (
  SELECT root.classid, root.objid, root.classid, root.objid
  FROM unnest($1::oid[], $2::oid[]) AS root (classid, objid)
  UNION
  SELECT gone.root_class, gone.root_oid, d.classid, d.objid
  FROM gone
  JOIN pg_catalog.pg_depend d ON d.refclassid = gone.classid AND d.refobjid = gone.objid
  WHERE gone.classid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass
)
SELECT root_class AS classid, root_oid AS objid, pg_catalog.count(*) AS locks,
  (SELECT pg_catalog.count(DISTINCT (classid, objid)) FROM gone) AS total,
  pg_catalog.current_setting('max_locks_per_transaction')::int8
    * (pg_catalog.current_setting('max_connections')::int8
      + pg_catalog.current_setting('max_prepared_transactions')::int8) AS capacity
FROM gone
GROUP BY root_class, root_oid
