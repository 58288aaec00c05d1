-- Mostly short values, some of a line, few of several; a quarter of the challenges have most answers.
SELECT setseed(0.2);

INSERT INTO answers
  (value, result, "assessmentId", "challengeId", "createdAt", "updatedAt", timeout, "resultDetails", "timeSpent", "isFocusedOut")
SELECT
  CASE
    WHEN kind < 0.6 THEN (1 + n % 5) || ',' || (1 + n % 3)
    WHEN kind < 0.9 THEN left(md5(n::text), 4 + n % 20)
    ELSE 'num1: ' || md5(n::text) || E'\nnum2: "' || left(md5('two' || n), n % 30) || E'"\nnum3: été'
  END,
  (ARRAY['ok', 'ko', 'aband', 'timedout', 'partially'])[1 + floor(5 * random() ^ 3)::int],
  1 + floor(400000 * :scale * random() ^ 1.2)::int,
  'rec' || left(md5('challenge' || floor(6000 * random() ^ 2)), 14),
  created, created + random() * interval '1 hour',
  CASE WHEN n % 40 = 0 THEN 60 END,
  CASE WHEN kind > 0.8 THEN E'num1: true\nnum2: false\n' ELSE E'null\n' END,
  floor(3 + 400 * random() ^ 4)::int, n % 50 = 0
FROM (
  SELECT n, random() AS kind, timestamptz '2018-01-01 00:00+00' + (n / (5e6 * :scale)) * interval '1800 days' AS created
  FROM generate_series(1, (5000000 * :scale)::int) AS n
) AS numbered;
