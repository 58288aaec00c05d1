-- $1: a JSON array of objects, whose fields are the table's columns. What is there under the same name is replaced, but for
-- the time since when; with $2, the grants that are there are kept behind the new ones, and so is what they wait for.
INSERT INTO replication_preserved.object
  (object, kind, owner, statements, to_owner, to_owner_as_ours, at_last, may_be_ours, secured_table, policies, is_ours,
   reason)
SELECT object, kind, owner, statements, to_owner, to_owner_as_ours, at_last, may_be_ours, secured_table, policies, is_ours,
  reason
FROM pg_catalog.jsonb_populate_recordset(NULL::replication_preserved.object, $1)
ON CONFLICT (object) DO UPDATE SET
  kind = excluded.kind, owner = excluded.owner, to_owner = excluded.to_owner,
  statements = CASE WHEN $2 AND excluded.kind = 'grants' THEN
      ARRAY(SELECT x FROM unnest(excluded.statements) AS x WHERE x <> ALL (object.statements)) || object.statements
    ELSE excluded.statements END,
  to_owner_as_ours = excluded.to_owner_as_ours, at_last = excluded.at_last, may_be_ours = excluded.may_be_ours,
  secured_table = CASE WHEN $2 THEN coalesce(object.secured_table, excluded.secured_table) ELSE excluded.secured_table END,
  policies = CASE WHEN $2 AND object.secured_table IS NOT NULL THEN object.policies ELSE excluded.policies END,
  is_ours = excluded.is_ours,
  reason = excluded.reason
