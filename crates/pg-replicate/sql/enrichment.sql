-- What the warehouse has beside the copy of the source: one view and four indexes.
--
-- Every statement runs on its own, in the order written, in the schema public first. A comment line
-- directly above a statement may say when it runs:
--
--   -- requires: "organization-learners"          only when this table (or view) exists
--   -- unless-exists: "schooling-registrations"   only when no table of this name exists
--   -- label: create view                         how the log names it
--
-- CREATE INDEX needs no such line: it is skipped, with a line in the log, when its table does not
-- exist on the target, or is kept by BACKUP_MODE. So is a statement that requires a kept table's
-- name under `-- unless-kept: "answers"`. An index or view that exists under the same name is
-- dropped first, so that a script can run again after it was cut.

-- unless-exists: "schooling-registrations"
-- requires: "organization-learners"
CREATE VIEW "schooling-registrations" AS SELECT * FROM "organization-learners";

CREATE INDEX "knowledge-elements_createdAt_idx" ON "knowledge-elements"
  (cast("createdAt" AT TIME ZONE 'UTC+1' as date) DESC);

CREATE INDEX "knowledge-element-snapshots_snappedAt_idx" ON "knowledge-element-snapshots"
  (cast("snappedAt" AT TIME ZONE 'UTC+1' as date) DESC);

CREATE INDEX "answers_challengeId_idx" ON "answers" ("challengeId");

CREATE INDEX "users_createdAt_idx" ON "users"
  (cast("createdAt" AT TIME ZONE 'UTC+1' as date) DESC);
