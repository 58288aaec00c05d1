-- 15 kB of JSON as text on average, the largest ten times as long as the smallest.
SELECT setseed(0.4);

INSERT INTO "knowledge-element-snapshots" ("userId", "snappedAt", snapshot)
SELECT
  "userId", "snappedAt",
  (SELECT jsonb_agg(jsonb_build_object(
     'createdAt', "snappedAt" - element * interval '7 hours 13 minutes',
     'source', CASE WHEN element % 3 = 0 THEN 'inferred' ELSE 'direct' END,
     'status', CASE WHEN random() < 0.7 THEN 'validated' ELSE 'invalidated' END,
     'skillId', 'skill' || left(md5('skill' || floor(1500 * random())), 14),
     'answerId', floor(5e6 * random())::int,
     'earnedPix', floor(500 * random()) / 100,
     'competenceId', 'rec' || left(md5('competence' || element % 16), 14)
   )) FROM generate_series(1, elements) AS element)
FROM (
  SELECT
    1 + floor(200000 * :scale * random() ^ 1.5)::int AS "userId",
    timestamptz '2019-01-01 00:00+00' + n * interval '17 minutes' AS "snappedAt",
    20 + floor(220 * random() ^ 3)::int AS elements
  FROM generate_series(1, (60000 * :scale)::int) AS n
) AS numbered;
