-- Fills the tables of tables.sql. The psql variable "users" sets the size: each user has about 50 rows.
-- Every value is computed from the row's number, so the same size gives the same rows. Multipliers are
-- primes, so that neighbouring values are spread over the table.

INSERT INTO "organizations" ("type", "name", "externalId", "isManagingStudents", "createdAt")
SELECT (ARRAY['SCO', 'SUP', 'PRO'])[1 + g % 3], 'Établissement n° ' || g,
       CASE WHEN g % 4 <> 0 THEN 'EXT' || g END, g % 3 = 0,
       timestamptz '2019-09-01 08:00+00' + g * interval '3 hours'
FROM generate_series(1, 200) g;

INSERT INTO "users" ("firstName", "lastName", "email", "lang", "lastLoggedAt", "createdAt", "updatedAt")
SELECT (ARRAY['Zoé', 'Anaïs', 'Ștefan', 'John', 'Jiří', 'Amina', 'Chloé', 'O''Neil'])[1 + g % 8],
       'Nom' || (g * 7919) % 10007,
       CASE WHEN g % 10 <> 0 THEN 'user' || g || '@example.net' END,
       CASE WHEN g % 12 = 0 THEN 'en' ELSE 'fr' END,
       CASE WHEN g % 5 <> 0 THEN timestamptz '2025-01-01 12:00+00' + (g % 500) * interval '1 hour' END,
       timestamptz '2020-01-01 06:30+00' + g * interval '5 minutes',
       timestamptz '2024-01-01 06:30+00' + g * interval '1 minute'
FROM generate_series(1, :users) g;

INSERT INTO "memberships" ("userId", "organizationId", "organizationRole", "disabledAt")
SELECT 1 + (g * 31) % :users, 1 + g % 200, CASE WHEN g % 7 = 0 THEN 'ADMIN' ELSE 'MEMBER' END,
       CASE WHEN g % 50 = 0 THEN timestamptz '2024-07-01 00:00+00' END
FROM generate_series(1, 400) g;

INSERT INTO "organization-learners"
    ("organizationId", "userId", "firstName", "lastName", "division", "isDisabled", "updatedAt")
SELECT 1 + (g * 17) % 200, g, 'Prénom' || g % 997, E'Nom\tavec\\signes ' || g % 1009,
       CASE WHEN g % 3 = 0 THEN (3 + g % 4) || 'e' || chr((65 + g % 6)::integer) END, g % 40 = 0,
       timestamptz '2024-09-01 07:00+00' + g * interval '1 minute'
FROM generate_series(1, :users) g;

INSERT INTO "target-profiles" ("name", "ownerOrganizationId", "outdated")
SELECT 'Profil cible ' || g, CASE WHEN g % 2 = 0 THEN g END, g % 11 = 0
FROM generate_series(1, 50) g;

INSERT INTO "badges" ("key", "title", "message", "targetProfileId")
SELECT 'BADGE_' || g, 'Badge ' || g, CASE WHEN g % 3 <> 0 THEN E'Bravo !\nVous avez obtenu "' || g || '"' END,
       1 + g % 50
FROM generate_series(1, 150) g;

INSERT INTO "campaigns"
    ("name", "code", "type", "organizationId", "creatorId", "targetProfileId", "archivedAt", "createdAt")
SELECT 'Campagne ' || g, upper(substr(md5(g::text), 1, 9)),
       (ARRAY['ASSESSMENT', 'PROFILES_COLLECTION', 'EXAM'])[1 + g % 3]::"campaign-type",
       1 + g % 200, 1 + (g * 13) % :users, CASE WHEN g % 3 <> 1 THEN 1 + g % 50 END,
       CASE WHEN g % 9 = 0 THEN timestamptz '2024-06-30 00:00+00' END,
       timestamptz '2022-01-01 09:00+00' + g * interval '1 day'
FROM generate_series(1, 500) g;

INSERT INTO "campaign-participations"
    ("campaignId", "userId", "organizationLearnerId", "status", "masteryRate", "sharedAt", "createdAt")
SELECT 1 + (g * 19) % 500, g, g, (ARRAY['STARTED', 'TO_SHARE', 'SHARED'])[1 + g % 3],
       CASE WHEN g % 3 = 2 THEN (g % 1001) / 1000.0 END,
       CASE WHEN g % 3 = 2 THEN timestamptz '2024-03-01 10:00+00' + g * interval '2 minutes' END,
       timestamptz '2024-02-01 10:00+00' + g * interval '2 minutes'
FROM generate_series(1, :users) g;

INSERT INTO "badge-acquisitions" ("badgeId", "userId", "campaignParticipationId", "createdAt")
SELECT 1 + g % 150, 2 * g, 2 * g, timestamptz '2024-04-01 10:00+00' + g * interval '3 minutes'
FROM generate_series(1, :users / 2) g;

INSERT INTO "certification-centers" ("name", "type")
SELECT 'Centre ' || g, (ARRAY['SCO', 'SUP', 'PRO'])[1 + g % 3]
FROM generate_series(1, 100) g;

INSERT INTO "sessions" ("certificationCenterId", "date", "time", "room", "accessCode")
SELECT 1 + g % 100, date '2024-01-08' + g::integer, time '09:00' + (g % 8) * interval '30 minutes',
       'Salle ' || g % 12, upper(substr(md5('s' || g), 1, 6))
FROM generate_series(1, 300) g;

INSERT INTO "certification-courses"
    ("userId", "sessionId", "verificationCode", "isPublished", "completedAt", "createdAt")
SELECT 10 * g, 1 + g % 300, 'P-' || upper(substr(md5('c' || g), 1, 8)), g % 4 <> 0,
       CASE WHEN g % 5 <> 0 THEN timestamptz '2024-05-01 11:00+00' + g * interval '10 minutes' END,
       timestamptz '2024-05-01 09:00+00' + g * interval '10 minutes'
FROM generate_series(1, :users / 10) g;

-- Two assessments per user: one of a campaign, and one of a certification for one user in ten, otherwise of
-- a competence.
INSERT INTO "assessments"
    ("type", "state", "userId", "campaignParticipationId", "certificationCourseId",
     "lastQuestionDate", "createdAt", "updatedAt")
SELECT CASE WHEN g <= :users THEN 'CAMPAIGN'
            WHEN g % 10 = 0 THEN 'CERTIFICATION'
            ELSE 'COMPETENCE_EVALUATION' END,
       (ARRAY['completed', 'started', 'completed', 'aborted'])[1 + g % 4]::"assessment-state",
       1 + (g - 1) % :users,
       CASE WHEN g <= :users THEN g END,
       CASE WHEN g > :users AND g % 10 = 0 THEN (g - :users) / 10 END,
       timestamptz '2024-06-01 12:00+00' + g * interval '1 minute',
       timestamptz '2024-06-01 11:00+00' + g * interval '1 minute',
       timestamptz '2024-06-01 12:00+00' + g * interval '1 minute'
FROM generate_series(1, 2 * :users) g;

INSERT INTO "assessment-results"
    ("assessmentId", "pixScore", "reproducibilityRate", "status", "commentForJury", "createdAt")
SELECT :users + 10 * g, (g * 37) % 896, ((g * 41) % 10001) / 100.0,
       CASE WHEN g % 6 = 0 THEN 'rejected' ELSE 'validated' END,
       CASE WHEN g % 6 = 0 THEN 'Trop de signalements : « à revoir »' END,
       timestamptz '2024-06-02 12:00+00' + g * interval '1 minute'
FROM generate_series(1, :users / 10) g;

INSERT INTO "competence-marks" ("assessmentResultId", "competence_code", "level", "score")
SELECT r, (1 + c / 4) || '.' || (1 + c % 4), (r + c) % 8 - 1, ((r * 3 + c) % 64)
FROM generate_series(1, :users / 10) r, generate_series(0, 15) c;

INSERT INTO "competence-evaluations" ("assessmentId", "userId", "competenceId", "status", "createdAt")
SELECT :users + g, g, 'competence' || 1 + g % 16, CASE WHEN g % 30 = 0 THEN 'reset' ELSE 'started' END,
       timestamptz '2024-06-01 11:00+00' + g * interval '1 minute'
FROM generate_series(1, :users) g
WHERE g % 10 <> 0;

-- Ten answers per assessment.
INSERT INTO "answers"
    ("assessmentId", "challengeId", "value", "result", "resultDetails", "timeSpent", "isFocusedOut", "createdAt")
SELECT 1 + (g - 1) / 10, 'challenge' || 1 + (g * 7) % 600,
       CASE g % 5 WHEN 0 THEN 'réponse "' || g % 1000 || '"'
                  WHEN 1 THEN E'- ligne 1\n- ligne 2\t' || g % 100
                  WHEN 2 THEN '#ABAND#'
                  ELSE (g % 17)::text END,
       (ARRAY['ok', 'ko', 'ok', 'aband', 'ok', 'timedout', 'ko'])[1 + g % 7],
       CASE WHEN g % 6 = 0 THEN 'num1: true' || chr(10) || 'num2: false' END,
       CASE WHEN g % 8 <> 0 THEN (g * 11) % 240 END, g % 60 = 0,
       timestamptz '2024-06-01 11:00+00' + (g / 10) * interval '1 minute' + (g % 10) * interval '5 seconds'
FROM generate_series(1, 20 * :users) g;

INSERT INTO "knowledge-elements"
    ("source", "status", "answerId", "assessmentId", "userId", "skillId", "competenceId", "earnedPix", "createdAt")
SELECT CASE WHEN g % 4 = 0 THEN 'inferred' ELSE 'direct' END,
       (ARRAY['validated', 'invalidated', 'validated', 'reset'])[1 + g % 4],
       g, 1 + (g - 1) / 10, 1 + ((g - 1) / 10) % :users, 'skill' || 1 + (g * 3) % 300,
       'competence' || 1 + g % 16, ((g * 13) % 600) / 100.0,
       timestamptz '2024-06-01 11:00+00' + (g / 10) * interval '1 minute' + (g % 10) * interval '6 seconds'
FROM generate_series(1, 20 * :users) g;

INSERT INTO "knowledge-element-snapshots" ("userId", "campaignParticipationId", "snappedAt", "snapshot")
SELECT g, g, timestamptz '2024-07-01 08:00+00' + g * interval '1 minute',
       (SELECT jsonb_agg(jsonb_build_object(
                   'skillId', 'skill' || 1 + (g * s) % 300,
                   'status', CASE WHEN (g + s) % 3 = 0 THEN 'invalidated' ELSE 'validated' END,
                   'source', 'direct',
                   'earnedPix', ((g * s) % 600) / 100.0,
                   'competenceId', 'competence' || 1 + s % 16))
        FROM generate_series(1, 8) s)
FROM generate_series(1, :users) g;
