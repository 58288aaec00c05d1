-- Triggers and rules that fire when rows of the tables $1 (oids; all tables if null) are written: those of
-- users, with the clauses that restore their states. Triggers that PostgreSQL creates for foreign keys are
-- not included; a partition's copy of its parent's trigger, which servers before 15 mark as internal too,
-- is. depth: the level of the table below a partitioned one: changes of a partitioned table's trigger apply
-- to its partitions' copies. is_ours: only the owner of a table may disable them.
SELECT c.oid AS table, n.nspname::text AS schema, c.relname::text AS table_name, fires.kind, fires.name,
  CASE fires.state WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE' END
    AS state,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_ours,
  (SELECT count(*) FROM pg_catalog.pg_partition_ancestors(c.oid)) AS depth
FROM (
  SELECT t.tgrelid AS table, 'TRIGGER' AS kind, t.tgname::text AS name, t.tgenabled AS state
  FROM pg_catalog.pg_trigger t
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
  WHERE NOT t.tgisinternal OR t.tgparentid <> 0 AND coalesce(k.contype, 't') = 't'
  UNION ALL
  -- 1: SELECT, the rule of a view.
  SELECT r.ev_class, 'RULE', r.rulename::text, r.ev_enabled
  FROM pg_catalog.pg_rewrite r WHERE r.ev_type <> '1'
) AS fires
JOIN pg_catalog.pg_class c ON c.oid = fires.table AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE $1::oid[] IS NULL OR c.oid = ANY ($1::oid[])
ORDER BY depth, 1, kind, fires.name
