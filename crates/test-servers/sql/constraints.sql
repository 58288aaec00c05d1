-- Keys and indexes of the tables in tables.sql, named as in Pix's database.

ALTER TABLE "organizations" ADD PRIMARY KEY ("id");
ALTER TABLE "users" ADD PRIMARY KEY ("id"), ADD CONSTRAINT "users_email_unique" UNIQUE ("email");
ALTER TABLE "memberships" ADD PRIMARY KEY ("id");
ALTER TABLE "organization-learners" ADD PRIMARY KEY ("id");
ALTER TABLE "target-profiles" ADD PRIMARY KEY ("id");
ALTER TABLE "badges" ADD PRIMARY KEY ("id"), ADD CONSTRAINT "badges_key_unique" UNIQUE ("key");
ALTER TABLE "campaigns" ADD PRIMARY KEY ("id"), ADD CONSTRAINT "campaigns_code_unique" UNIQUE ("code");
ALTER TABLE "campaign-participations" ADD PRIMARY KEY ("id");
ALTER TABLE "badge-acquisitions" ADD PRIMARY KEY ("id");
ALTER TABLE "certification-centers" ADD PRIMARY KEY ("id");
ALTER TABLE "sessions" ADD PRIMARY KEY ("id");
ALTER TABLE "certification-courses" ADD PRIMARY KEY ("id");
ALTER TABLE "assessments" ADD PRIMARY KEY ("id");
ALTER TABLE "assessment-results" ADD PRIMARY KEY ("id");
ALTER TABLE "competence-marks" ADD PRIMARY KEY ("id");
ALTER TABLE "competence-evaluations" ADD PRIMARY KEY ("id");
ALTER TABLE "answers" ADD PRIMARY KEY ("id");
ALTER TABLE "knowledge-elements" ADD PRIMARY KEY ("id");
ALTER TABLE "knowledge-element-snapshots" ADD PRIMARY KEY ("id");

CREATE INDEX "organization_learners_organizationid_index" ON "organization-learners" ("organizationId");
CREATE INDEX "organization_learners_lastname_index" ON "organization-learners" (lower("lastName"));
CREATE INDEX "campaign_participations_campaignid_index" ON "campaign-participations" ("campaignId");
CREATE UNIQUE INDEX "one_active_participation_by_learner" ON "campaign-participations"
    ("campaignId", "organizationLearnerId") WHERE "userId" IS NOT NULL;
CREATE INDEX "assessments_userid_index" ON "assessments" ("userId");
CREATE INDEX "assessments_campaignparticipationid_index" ON "assessments" ("campaignParticipationId");
CREATE INDEX "competence_marks_assessmentresultid_index" ON "competence-marks" ("assessmentResultId");
CREATE INDEX "competence_evaluations_userid_index" ON "competence-evaluations" ("userId");
CREATE INDEX "answers_assessmentid_index" ON "answers" ("assessmentId");
CREATE INDEX "knowledge-elements_assessmentId_idx" ON "knowledge-elements" ("assessmentId");
CREATE INDEX "knowledge_elements_userid_index" ON "knowledge-elements" ("userId");
CREATE UNIQUE INDEX "knowledge_element_snapshots_userid_snappedat_unique"
    ON "knowledge-element-snapshots" ("userId", "snappedAt");

ALTER TABLE "memberships"
    ADD CONSTRAINT "memberships_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users",
    ADD CONSTRAINT "memberships_organizationid_foreign"
        FOREIGN KEY ("organizationId") REFERENCES "organizations";
ALTER TABLE "organization-learners"
    ADD CONSTRAINT "students_organizationid_foreign"
        FOREIGN KEY ("organizationId") REFERENCES "organizations",
    ADD CONSTRAINT "students_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users";
ALTER TABLE "target-profiles" ADD CONSTRAINT "target_profiles_ownerorganizationid_foreign"
    FOREIGN KEY ("ownerOrganizationId") REFERENCES "organizations";
ALTER TABLE "badges" ADD CONSTRAINT "badges_targetprofileid_foreign"
    FOREIGN KEY ("targetProfileId") REFERENCES "target-profiles";
ALTER TABLE "campaigns"
    ADD CONSTRAINT "campaigns_organizationid_foreign"
        FOREIGN KEY ("organizationId") REFERENCES "organizations",
    ADD CONSTRAINT "campaigns_creatorid_foreign" FOREIGN KEY ("creatorId") REFERENCES "users",
    ADD CONSTRAINT "campaigns_targetprofileid_foreign"
        FOREIGN KEY ("targetProfileId") REFERENCES "target-profiles";
ALTER TABLE "campaign-participations"
    ADD CONSTRAINT "campaign_participations_campaignid_foreign"
        FOREIGN KEY ("campaignId") REFERENCES "campaigns",
    ADD CONSTRAINT "campaign_participations_userid_foreign"
        FOREIGN KEY ("userId") REFERENCES "users",
    ADD CONSTRAINT "campaign_participations_organizationlearnerid_foreign"
        FOREIGN KEY ("organizationLearnerId") REFERENCES "organization-learners";
ALTER TABLE "badge-acquisitions"
    ADD CONSTRAINT "badge_acquisitions_badgeid_foreign" FOREIGN KEY ("badgeId") REFERENCES "badges",
    ADD CONSTRAINT "badge_acquisitions_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users";
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_certificationcenterid_foreign"
    FOREIGN KEY ("certificationCenterId") REFERENCES "certification-centers";
ALTER TABLE "certification-courses"
    ADD CONSTRAINT "certification_courses_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users",
    ADD CONSTRAINT "certification_courses_sessionid_foreign"
        FOREIGN KEY ("sessionId") REFERENCES "sessions";
ALTER TABLE "assessments"
    ADD CONSTRAINT "assessments_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users",
    ADD CONSTRAINT "assessments_campaignparticipationid_foreign"
        FOREIGN KEY ("campaignParticipationId") REFERENCES "campaign-participations",
    ADD CONSTRAINT "assessments_certificationcourseid_foreign"
        FOREIGN KEY ("certificationCourseId") REFERENCES "certification-courses";
ALTER TABLE "assessment-results" ADD CONSTRAINT "assessment_results_assessmentid_foreign"
    FOREIGN KEY ("assessmentId") REFERENCES "assessments";
ALTER TABLE "competence-marks" ADD CONSTRAINT "competence_marks_assessmentresultid_foreign"
    FOREIGN KEY ("assessmentResultId") REFERENCES "assessment-results" ON DELETE CASCADE;
ALTER TABLE "competence-evaluations"
    ADD CONSTRAINT "competence_evaluations_assessmentid_foreign"
        FOREIGN KEY ("assessmentId") REFERENCES "assessments",
    ADD CONSTRAINT "competence_evaluations_userid_foreign"
        FOREIGN KEY ("userId") REFERENCES "users";
ALTER TABLE "answers" ADD CONSTRAINT "answers_assessmentid_foreign"
    FOREIGN KEY ("assessmentId") REFERENCES "assessments";
ALTER TABLE "knowledge-elements"
    ADD CONSTRAINT "knowledge_elements_answerid_foreign"
        FOREIGN KEY ("answerId") REFERENCES "answers",
    ADD CONSTRAINT "knowledge_elements_assessmentid_foreign"
        FOREIGN KEY ("assessmentId") REFERENCES "assessments",
    ADD CONSTRAINT "knowledge_elements_userid_foreign" FOREIGN KEY ("userId") REFERENCES "users";
ALTER TABLE "knowledge-element-snapshots"
    ADD CONSTRAINT "knowledge_element_snapshots_userid_foreign"
        FOREIGN KEY ("userId") REFERENCES "users",
    ADD CONSTRAINT "knowledge_element_snapshots_campaignparticipationid_foreign"
        FOREIGN KEY ("campaignParticipationId") REFERENCES "campaign-participations";
