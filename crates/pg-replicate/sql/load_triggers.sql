-- The triggers of users that could fire, with the words that bring each state back, and how deep
-- their tables lie below a partitioned one: what is done to a partitioned table's trigger is done to
-- its partitions' copies.
SELECT t.tgrelid AS table, t.tgname::text AS name,
  CASE t.tgenabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'D' THEN 'DISABLE'
    ELSE 'ENABLE' END AS state,
  (SELECT count(*) FROM pg_catalog.pg_partition_ancestors(t.tgrelid)) AS depth
FROM pg_catalog.pg_trigger t
WHERE NOT t.tgisinternal
ORDER BY 4, 1, 2
