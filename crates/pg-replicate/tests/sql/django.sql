-- Tables as Django's migrations make them, one of them with a column of each type.
CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label varchar(100), model varchar(100));
INSERT INTO django_content_type (app_label, model)
VALUES ('auth', 'user'), ('auth', 'group'), ('flight_log', 'entry');
CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app varchar(255));

CREATE TABLE auth_group (id serial PRIMARY KEY, name varchar(150));
CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150));
CREATE TABLE auth_user_groups (
  id bigserial PRIMARY KEY,
  user_id int REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED,
  group_id int REFERENCES auth_group DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO auth_group VALUES (1, 'pilots');
INSERT INTO auth_user VALUES (2, E'a\\b "c"\n\u20ac\x01'), (1, NULL);
INSERT INTO auth_user_groups VALUES (7, 2, 1);

CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE DOMAIN price AS positive;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE pair AS (x int, y text);
CREATE TABLE flight_log_entry (
  id uuid PRIMARY KEY,
  pilot_id int REFERENCES auth_user,
  plane_id int,
  o int2, t int8, f float8,
  yes bool,
  cost price,
  day date, at time, "when" timestamptz, "local" timestamp, took interval,
  raw bytea, more jsonb, "as is" json,
  ip inet, fixed char(3), mood mood, pair pair, spot point,
  ints int[], exact numeric[], texts text[][], moments timestamptz[],
  span int4range, period tstzrange,
  twice int GENERATED ALWAYS AS (o * 2) STORED
);
INSERT INTO flight_log_entry VALUES
  ('00000000-0000-0000-0000-00000000000b', 2, 9, 1, 9007199254740993, 0.1, true,
    12345678901234567890.10, '2024-02-29', '12:34:56.123456', '2026-11-21 11:00+01',
    '2026-11-21 11:00:00.5', '-3 days 05:00:00.00004', '\x00ff', '{"a": [1.50, null]}',
    E'{ "b":\n1, "b":2}', '10.1.2.3', 'x', 'glad', '(1,"a b")', '(1,2)', '{1,NULL}', '{0.10}',
    '{{a,b},{"c d",NULL}}', '{2026-07-01 02:00+02}', '[1,5)', '[2026-01-01 00:00+00,)'),
  ('00000000-0000-0000-0000-00000000000a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL),
  ('00000000-0000-0000-0000-00000000000c', NULL, NULL, NULL, NULL, 'NaN', NULL, NULL, 'infinity',
    NULL, '0044-03-15 00:00+00', NULL, '26:00:04', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    '{}', NULL, NULL, NULL, 'empty', NULL);

CREATE TABLE flight_log_bare (id int PRIMARY KEY);
INSERT INTO flight_log_bare VALUES (2), (1);
CREATE TABLE flight_log_none (id int PRIMARY KEY, x text);
CREATE TABLE flight_log_split (id int PRIMARY KEY, x text) PARTITION BY RANGE (id);
CREATE TABLE flight_log_split_1 PARTITION OF flight_log_split FOR VALUES FROM (0) TO (10);
INSERT INTO flight_log_split VALUES (3, 'x');
CREATE SCHEMA stats;
CREATE TABLE stats.app_runs (id int PRIMARY KEY, x text);
INSERT INTO stats.app_runs VALUES (1, 'y');
CREATE TABLE app_keyless (a int);
CREATE TABLE app_two_keys (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE people (id int PRIMARY KEY);
