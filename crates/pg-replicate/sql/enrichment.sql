-- What the warehouse has beside the copy of the source: one view and four indexes; and what it must not
-- have, the hashes of passwords.
--
-- Every statement runs on its own, in the order written; names without a schema are of public. A
-- comment line above a statement may say when it runs:
--
--   -- requires: "organization-learners"          only when this table or view exists
--   -- unless-exists: "schooling-registrations"   only when no table or view of this name exists
--   -- unless-kept: "answers"                     only when BACKUP_MODE does not keep this table
--   -- label: refresh the totals                  how the log names it
--
-- CREATE INDEX needs no such line: it is skipped when its table does not exist, or is kept by
-- BACKUP_MODE. Any statement is skipped when a table or a column that it names does not exist. CREATE INDEX, VIEW, MATERIALIZED VIEW and TABLE are skipped when there is one of that
-- name, so that a script that was cut can run again; write other statements so that they can run
-- twice (OR REPLACE, IF NOT EXISTS). What is skipped has a line in the log.

-- unless-exists: "schooling-registrations"
-- requires: "organization-learners"
CREATE VIEW "schooling-registrations" AS SELECT * FROM "organization-learners";

-- requires: "authentication-methods"
-- unless-kept: "authentication-methods"
-- label: UPDATE "authentication-methods"
UPDATE "authentication-methods"
  SET "authenticationComplement" = jsonb_set("authenticationComplement", '{password}', '"password-replaced"')
  WHERE "identityProvider" = 'PIX';

CREATE INDEX "knowledge-elements_createdAt_idx" ON "knowledge-elements"
  (cast("createdAt" AT TIME ZONE 'UTC+1' as date) DESC);

CREATE INDEX "knowledge-element-snapshots_snappedAt_idx" ON "knowledge-element-snapshots"
  (cast("snappedAt" AT TIME ZONE 'UTC+1' as date) DESC);

CREATE INDEX "answers_challengeId_idx" ON "answers" ("challengeId");

CREATE INDEX "users_createdAt_idx" ON "users"
  (cast("createdAt" AT TIME ZONE 'UTC+1' as date) DESC);
