-- Keys, indexes, foreign keys.
ALTER TABLE users ADD PRIMARY KEY (id), ADD UNIQUE (email), ADD UNIQUE (username);
CREATE INDEX users_lower_email ON users (lower(email));
ALTER TABLE assessments ADD PRIMARY KEY (id);
CREATE INDEX assessments_userid_index ON assessments ("userId");
CREATE INDEX assessments_campaignparticipationid_index ON assessments ("campaignParticipationId");
ALTER TABLE answers ADD PRIMARY KEY (id);
CREATE INDEX answers_assessmentid_index ON answers ("assessmentId");
ALTER TABLE "knowledge-elements" ADD PRIMARY KEY (id);
CREATE INDEX knowledge_elements_userid_index ON "knowledge-elements" ("userId");
ALTER TABLE "knowledge-element-snapshots" ADD PRIMARY KEY (id), ADD UNIQUE ("userId", "snappedAt");

DO $$
DECLARE
  small record;
  ref text;
BEGIN
  FOR small IN SELECT * FROM bench_small ORDER BY name LOOP
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id), ADD UNIQUE (reference)', small.name);
    FOREACH ref IN ARRAY small.refs LOOP
      EXECUTE format('CREATE INDEX ON %I (%I)', small.name, split_part(ref, ':', 1));
    END LOOP;
  END LOOP;
  FOR small IN SELECT * FROM bench_small ORDER BY name LOOP
    FOREACH ref IN ARRAY small.refs LOOP
      EXECUTE format('ALTER TABLE %I ADD FOREIGN KEY (%I) REFERENCES %I (id)',
        small.name, split_part(ref, ':', 1), split_part(ref, ':', 2));
    END LOOP;
  END LOOP;
END
$$;
DROP TABLE bench_small;

ALTER TABLE assessments ADD FOREIGN KEY ("userId") REFERENCES users (id),
  ADD FOREIGN KEY ("campaignParticipationId") REFERENCES "campaign-participations" (id);
ALTER TABLE answers ADD FOREIGN KEY ("assessmentId") REFERENCES assessments (id);
ALTER TABLE "knowledge-elements" ADD FOREIGN KEY ("userId") REFERENCES users (id),
  ADD FOREIGN KEY ("assessmentId") REFERENCES assessments (id), ADD FOREIGN KEY ("answerId") REFERENCES answers (id);
ALTER TABLE "knowledge-element-snapshots" ADD FOREIGN KEY ("userId") REFERENCES users (id);
