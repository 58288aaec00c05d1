-- Few people have most of the elements.
SELECT setseed(0.3);

INSERT INTO "knowledge-elements"
  (source, status, "createdAt", "answerId", "assessmentId", "skillId", "earnedPix", "userId", "competenceId")
SELECT
  CASE WHEN n % 3 = 0 THEN 'inferred' ELSE 'direct' END,
  (ARRAY['validated', 'invalidated', 'reset'])[1 + floor(3 * random() ^ 3)::int],
  timestamptz '2018-01-01 00:00+00' + (n / (6e6 * :scale)) * interval '1800 days' + random() * interval '1 minute',
  1 + floor((n - 1) / 1.2)::bigint,
  1 + floor(400000 * :scale * random() ^ 1.2)::int,
  'skill' || left(md5('skill' || floor(1500 * random() ^ 1.5)), 14),
  floor(500 * random()) / 100,
  1 + floor(200000 * :scale * random() ^ 2.5)::int,
  'rec' || left(md5('competence' || n % 16), 14)
FROM generate_series(1, (6000000 * :scale)::int) AS n;
