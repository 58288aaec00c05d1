-- What stands here was taken away by the replication and is to be given back: definitions and grants, no rows. A row whose
-- statements have been run by hand, or are not wanted any more, can be deleted. The schema goes when it is empty.
--
-- Its statements are run by our role, so nobody else may write there, also not by default privileges or as a member of
-- pg_write_all_data; and a schema or a table that is there already could be another's.
CREATE SCHEMA replication_preserved;
CREATE TABLE replication_preserved.object (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  object text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('definition', 'grants', 'byhand')),
  owner text NOT NULL,
  statements text[] NOT NULL CHECK (pg_catalog.array_position(statements, NULL) IS NULL),
  to_owner text,
  to_owner_as_ours text,
  at_last text,
  may_be_ours boolean NOT NULL,
  secured_table text,
  policies text[] CHECK (pg_catalog.array_position(policies, NULL) IS NULL),
  is_ours boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL DEFAULT pg_catalog.now(),
  reason text
);
COMMENT ON TABLE replication_preserved.object IS
  'What the replication took away and gives back: definitions of views and the like, and grants';
-- Holds for everyone but the owner.
ALTER TABLE replication_preserved.object ENABLE ROW LEVEL SECURITY;
