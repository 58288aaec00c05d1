-- $1: a JSON array of objects, whose fields are the table's columns. What is there under the same name is replaced, but for
-- the time since when.
INSERT INTO replication_preserved.object
  (object, kind, owner, statements, to_owner, to_owner_as_ours, at_last, may_be_ours, secured_table, policies, is_ours,
   reason)
SELECT object, kind, owner, statements, to_owner, to_owner_as_ours, at_last, may_be_ours, secured_table, policies, is_ours,
  reason
FROM pg_catalog.jsonb_populate_recordset(NULL::replication_preserved.object, $1)
ON CONFLICT (object) DO UPDATE SET
  kind = excluded.kind, owner = excluded.owner, statements = excluded.statements, to_owner = excluded.to_owner,
  to_owner_as_ours = excluded.to_owner_as_ours, at_last = excluded.at_last, may_be_ours = excluded.may_be_ours,
  secured_table = excluded.secured_table, policies = excluded.policies, is_ours = excluded.is_ours,
  reason = excluded.reason
