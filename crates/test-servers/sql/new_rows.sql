-- A day of use: new users, each with an assessment of ten answers. The psql variable "new_users" is their
-- number. Numbers continue after existing rows.

CREATE TEMPORARY TABLE "today" ("userId" bigint, "createdAt" timestamptz, "assessmentId" bigint);

WITH "new-users" AS (
    INSERT INTO "users" ("firstName", "lastName", "email", "createdAt", "updatedAt")
    SELECT 'Nouvelle', 'Personne ' || last.id + g, 'user' || last.id + g || '@example.net',
           timestamptz '2026-01-05 09:00+00' + g * interval '1 second',
           timestamptz '2026-01-05 09:00+00' + g * interval '1 second'
    FROM (SELECT max("id") AS id FROM "users") last, generate_series(1, :new_users) g
    ORDER BY g
    RETURNING "id", "createdAt"
)
INSERT INTO "today" SELECT "id", "createdAt" FROM "new-users";

WITH "new-assessments" AS (
    INSERT INTO "assessments" ("type", "state", "userId", "createdAt", "updatedAt")
    SELECT 'COMPETENCE_EVALUATION', 'completed', "userId", "createdAt", "createdAt" + interval '20 minutes'
    FROM "today"
    ORDER BY "userId"
    RETURNING "id", "userId"
)
UPDATE "today" SET "assessmentId" = "new-assessments"."id"
FROM "new-assessments" WHERE "new-assessments"."userId" = "today"."userId";

INSERT INTO "answers" ("assessmentId", "challengeId", "value", "result", "timeSpent", "createdAt")
SELECT "assessmentId", 'challenge' || 1 + ("assessmentId" * 7 + n) % 600, 'nouvelle réponse ' || n,
       CASE WHEN n % 3 = 0 THEN 'ko' ELSE 'ok' END, 10 * n, "createdAt" + n * interval '1 minute'
FROM "today", generate_series(1, 10) n
ORDER BY "assessmentId", n;

INSERT INTO "knowledge-elements"
    ("source", "status", "answerId", "assessmentId", "userId", "skillId", "competenceId", "earnedPix", "createdAt")
SELECT 'direct', CASE WHEN "answers"."result" = 'ok' THEN 'validated' ELSE 'invalidated' END,
       "answers"."id", "assessmentId", "userId", 'skill' || 1 + "answers"."id" % 300,
       'competence' || 1 + "answers"."id" % 16, 2.5, "answers"."createdAt"
FROM "answers" JOIN "today" USING ("assessmentId")
ORDER BY "answers"."id";

INSERT INTO "knowledge-element-snapshots" ("userId", "snappedAt", "snapshot")
SELECT "userId", "createdAt" + interval '1 hour', '[{"status": "validated", "skillId": "skill1"}]'
FROM "today"
ORDER BY "userId";

DROP TABLE "today";
