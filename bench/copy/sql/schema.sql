-- Tables in the shape of Pix's: four that grow, assessments between them, and some sixty small ones, which are
-- described in a list. Constraints and indexes come after the rows (constraints.sql).

CREATE TABLE users (
  id serial, "firstName" varchar(255) NOT NULL, "lastName" varchar(255) NOT NULL, email varchar(255),
  username varchar(255), "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL,
  cgu boolean, lang varchar(255) NOT NULL DEFAULT 'fr', "externalId" uuid NOT NULL, "hasSeenLevelInfo" boolean,
  "lastLoggedAt" timestamptz, "birthdate" date
);

CREATE TABLE assessments (
  id serial, "userId" integer, "campaignParticipationId" integer, type text NOT NULL, state text, "courseId" text,
  "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL, "lastChallengeId" text, reference uuid NOT NULL
);

CREATE TABLE answers (
  id bigserial, value text, result text, "assessmentId" integer, "challengeId" varchar(255),
  "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL, timeout integer, "resultDetails" text,
  "timeSpent" integer, "isFocusedOut" boolean NOT NULL DEFAULT false
);

CREATE TABLE "knowledge-elements" (
  id bigserial, source varchar(255), status varchar(255), "createdAt" timestamptz NOT NULL, "answerId" bigint,
  "assessmentId" integer, "skillId" varchar(255), "earnedPix" real NOT NULL, "userId" integer,
  "competenceId" varchar(255)
);

CREATE TABLE "knowledge-element-snapshots" (
  id serial, "userId" integer NOT NULL, "snappedAt" timestamptz NOT NULL, snapshot jsonb NOT NULL
);

-- The list outlives the session: data.sql and constraints.sql read it. It is dropped at the end.
-- rows: at scale 1; refs: column:table, a foreign key each.
CREATE TABLE bench_small (name text PRIMARY KEY, rows integer NOT NULL, refs text[] NOT NULL);
INSERT INTO bench_small VALUES
  ('account-recovery-demands', 2000, '{userId:users}'),
  ('assessment-results', 70000, '{assessmentId:assessments}'),
  ('authentication-methods', 200000, '{userId:users}'),
  ('autonomous-courses', 20, '{}'),
  ('badge-acquisitions', 40000, '{userId:users,badgeId:badges}'),
  ('badge-criteria', 900, '{badgeId:badges}'),
  ('badges', 400, '{targetProfileId:target-profiles}'),
  ('campaign-features', 500, '{campaignId:campaigns,featureId:features}'),
  ('campaign-participations', 80000, '{campaignId:campaigns,userId:users}'),
  ('campaign-skills', 40000, '{campaignId:campaigns}'),
  ('campaigns', 4000, '{organizationId:organizations,targetProfileId:target-profiles}'),
  ('certification-candidates', 50000, '{sessionId:sessions}'),
  ('certification-center-features', 200, '{certificationCenterId:certification-centers,featureId:features}'),
  ('certification-center-invitations', 1500, '{certificationCenterId:certification-centers}'),
  ('certification-center-memberships', 4000, '{userId:users,certificationCenterId:certification-centers}'),
  ('certification-centers', 1200, '{}'),
  ('certification-challenges', 300000, '{courseId:certification-courses}'),
  ('certification-courses', 60000, '{userId:users,sessionId:sessions}'),
  ('certification-cpf-cities', 40000, '{}'),
  ('certification-cpf-countries', 300, '{}'),
  ('certification-issue-reports', 6000, '{certificationCourseId:certification-courses}'),
  ('certification-subscriptions', 50000, '{certificationCandidateId:certification-candidates}'),
  ('competence-evaluations', 100000, '{userId:users,assessmentId:assessments}'),
  ('competence-marks', 150000, '{assessmentResultId:assessment-results}'),
  ('complementary-certification-badges', 30, '{badgeId:badges}'),
  ('complementary-certification-results', 5000, '{certificationCourseId:certification-courses}'),
  ('complementary-certifications', 6, '{}'),
  ('data-protection-officers', 300, '{organizationId:organizations}'),
  ('feature-toggles', 40, '{}'),
  ('features', 15, '{}'),
  ('feedbacks', 9000, '{}'),
  ('finalized-sessions', 7000, '{sessionId:sessions}'),
  ('flash-configurations', 5, '{}'),
  ('issue-report-categories', 30, '{}'),
  ('jobs-archive', 20000, '{}'),
  ('legal-document-acceptances', 12000, '{userId:users}'),
  ('legal-documents', 6, '{}'),
  ('memberships', 9000, '{userId:users,organizationId:organizations}'),
  ('organization-features', 2000, '{organizationId:organizations,featureId:features}'),
  ('organization-imports', 1500, '{organizationId:organizations}'),
  ('organization-invitations', 5000, '{organizationId:organizations}'),
  ('organization-learners', 150000, '{userId:users,organizationId:organizations}'),
  ('organization-places', 2500, '{organizationId:organizations}'),
  ('organization-tags', 6000, '{organizationId:organizations,tagId:tags}'),
  ('organizations', 3000, '{}'),
  ('pix-admin-roles', 120, '{userId:users}'),
  ('sessions', 8000, '{certificationCenterId:certification-centers}'),
  ('stage-acquisitions', 30000, '{stageId:stages}'),
  ('stages', 1500, '{targetProfileId:target-profiles}'),
  ('supervisor-accesses', 7000, '{sessionId:sessions}'),
  ('tags', 150, '{}'),
  ('target-profile-shares', 2500, '{targetProfileId:target-profiles}'),
  ('target-profile-trainings', 800, '{trainingId:trainings}'),
  ('target-profiles', 900, '{}'),
  ('training-triggers', 700, '{trainingId:trainings}'),
  ('trainings', 350, '{}'),
  ('tutorial-evaluations', 15000, '{userId:users}'),
  ('user-logins', 90000, '{userId:users}'),
  ('user-recommended-trainings', 25000, '{userId:users,trainingId:trainings}'),
  ('user-saved-tutorials', 12000, '{userId:users}');

DO $$
DECLARE
  small record;
  columns text;
BEGIN
  FOR small IN SELECT * FROM bench_small ORDER BY name LOOP
    SELECT coalesce(string_agg(format(', %I integer', split_part(ref, ':', 1)), '' ORDER BY number), '')
      INTO columns FROM unnest(small.refs) WITH ORDINALITY AS refs(ref, number);
    EXECUTE format(
      'CREATE TABLE %I (id serial%s, name text NOT NULL, code varchar(255), status varchar(255), reference uuid NOT NULL,
        "isActive" boolean NOT NULL DEFAULT true, settings jsonb, day date, "createdAt" timestamptz NOT NULL,
        "updatedAt" timestamptz NOT NULL)', small.name, columns);
  END LOOP;
END
$$;
