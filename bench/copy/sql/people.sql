-- users, assessments and the small tables.
SELECT setseed(0.1);

INSERT INTO users
  ("firstName", "lastName", email, username, "createdAt", "updatedAt", cgu, "externalId", "hasSeenLevelInfo", "lastLoggedAt", birthdate)
SELECT
  (ARRAY['Camille', 'Alix', 'Noé', 'Maëlys', 'Théo', 'Inès', 'Zoé', 'Anaïs'])[1 + floor(8 * random())::int],
  initcap(left(md5('last' || n / 3), 4 + n % 7)),
  CASE WHEN n % 3 > 0 THEN md5('mail' || n) || '@example.net' END,
  CASE WHEN n % 3 = 0 THEN left(md5('name' || n), 8) || n END,
  created, created + random() * interval '300 days', n % 5 > 0,
  md5('external' || n)::uuid, n % 2 = 0, created + random() * interval '900 days',
  date '1960-01-01' + floor(18000 * random())::int
FROM (
  SELECT n, timestamptz '2018-01-01 00:00+00' + (n / (200000 * :scale)) * interval '1800 days' AS created
  FROM generate_series(1, (200000 * :scale)::int) AS n
) AS numbered;

INSERT INTO assessments
  ("userId", "campaignParticipationId", type, state, "courseId", "createdAt", "updatedAt", "lastChallengeId", reference)
SELECT
  1 + floor(200000 * :scale * random() ^ 2)::int,
  CASE WHEN n % 4 = 0 THEN 1 + floor(80000 * :scale * random())::int END,
  (ARRAY['COMPETENCE_EVALUATION', 'CAMPAIGN', 'CERTIFICATION', 'PREVIEW'])[1 + floor(4 * random() ^ 3)::int],
  CASE WHEN n % 5 = 0 THEN 'started' ELSE 'completed' END,
  CASE WHEN n % 3 = 0 THEN 'rec' || left(md5('course' || n % 400), 14) ELSE '[NOT USED]' END,
  created, created + random() * interval '3 hours', 'rec' || left(md5('challenge' || floor(6000 * random() ^ 2)), 14),
  md5('assessment' || n)::uuid
FROM (
  SELECT n, timestamptz '2018-01-01 00:00+00' + (n / (400000 * :scale)) * interval '1800 days' AS created
  FROM generate_series(1, (400000 * :scale)::int) AS n
) AS numbered;

SELECT set_config('bench.scale', :'scale', false);

DO $$
DECLARE
  small record;
  scale float8 := current_setting('bench.scale')::float8;
  columns text;
  fillings text;
BEGIN
  FOR small IN SELECT * FROM bench_small ORDER BY name LOOP
    -- A reference is any row of the other table: few of them have most.
    SELECT coalesce(string_agg(format(', %I', split_part(ref, ':', 1)), '' ORDER BY number), ''),
      coalesce(string_agg(format(', 1 + floor(%s * random() ^ 1.5)::int',
        greatest(1, floor(coalesce(other.rows, CASE split_part(ref, ':', 2) WHEN 'users' THEN 200000 ELSE 400000 END) * scale))), '' ORDER BY number), '')
      INTO columns, fillings
      FROM unnest(small.refs) WITH ORDINALITY AS refs(ref, number)
      LEFT JOIN bench_small AS other ON other.name = split_part(ref, ':', 2);
    EXECUTE format(
      'INSERT INTO %I (name, code, status, reference, "isActive", settings, day, "createdAt", "updatedAt"%s)
       SELECT initcap(left(md5(%L || n), 12)) || '' '' || n, left(md5(n::text), 9),
         (ARRAY[''validated'', ''pending'', ''rejected'', ''archived''])[1 + floor(4 * random() ^ 2)::int],
         md5(%L || n * 7)::uuid, n %% 9 > 0,
         CASE WHEN n %% 4 = 0 THEN jsonb_build_object(''locale'', ''fr'', ''level'', n %% 8, ''labels'', jsonb_build_array(left(md5(n::text), 5), ''é'')) END,
         date ''2018-01-01'' + n %% 1800, created, created + random() * interval ''90 days''%s
       FROM (SELECT n, timestamptz ''2018-01-01 00:00+00'' + n * interval ''7 minutes'' AS created FROM generate_series(1, %s) AS n) AS numbered',
      small.name, columns, small.name, small.name, fillings, greatest(1, floor(small.rows * scale)));
  END LOOP;
END
$$;
