-- Tables of which one or the other way to copy knows nothing.
SET client_min_messages = warning;

CREATE TABLE no_key (a int, b text);
INSERT INTO no_key VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (2, '');

CREATE TABLE dropped (a int, gone text, b int, c text DEFAULT 'c');
INSERT INTO dropped (a, gone, b) VALUES (1, 'x', 2);
ALTER TABLE dropped DROP gone;
ALTER TABLE dropped ADD later int DEFAULT 5;
INSERT INTO dropped VALUES (3, 4, 'd', 6);

CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE lost_columns (a int);
INSERT INTO lost_columns VALUES (1), (2), (3);
ALTER TABLE lost_columns DROP a;

CREATE TABLE generated_first (twice int GENERATED ALWAYS AS (n * 2) STORED, n int, PRIMARY KEY (twice));
INSERT INTO generated_first (n) VALUES (1), (2);
CREATE TABLE only_generated (one int GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated DEFAULT VALUES;
CREATE TABLE always_identity (id int GENERATED ALWAYS AS IDENTITY, note text);
INSERT INTO always_identity (note) VALUES ('a'), ('b');

DO $$
BEGIN
  EXECUTE 'CREATE TABLE wide (' || (
    SELECT string_agg(format('c%s int DEFAULT %s', n, n), ', ') FROM generate_series(1, 400) n
  ) || ')';
END
$$;
INSERT INTO wide DEFAULT VALUES;
INSERT INTO wide (c1) VALUES (NULL);

CREATE TABLE parents (a int, b text);
CREATE TABLE children (c int) INHERITS (parents);
INSERT INTO parents VALUES (1, 'p');
INSERT INTO children VALUES (2, 'c', 3);
-- Its columns are in another order than its partition's.
CREATE TABLE parted (a int, b text) PARTITION BY LIST (a);
CREATE TABLE part_one (b text, a int);
ALTER TABLE parted ATTACH PARTITION part_one FOR VALUES IN (1);
CREATE TABLE part_rest PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES (1, 'one'), (2, 'two');

CREATE UNLOGGED TABLE scratch (a int PRIMARY KEY);
INSERT INTO scratch VALUES (1);

CREATE TABLE secured (a int PRIMARY KEY, b text);
INSERT INTO secured VALUES (1, 'x'), (2, 'y');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_only ON secured USING (a = 1);
CREATE TABLE forced (a int);
INSERT INTO forced VALUES (1), (2);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY;
ALTER TABLE forced FORCE ROW LEVEL SECURITY;

CREATE TABLE behind_views (a int);
INSERT INTO behind_views VALUES (1);
CREATE VIEW front AS SELECT a FROM behind_views;
CREATE MATERIALIZED VIEW kept_front AS SELECT a FROM front;
CREATE UNIQUE INDEX ON kept_front (a);
-- Needs the primary key: pg_dump writes it after the indexes.
CREATE VIEW by_key AS SELECT a, b FROM secured GROUP BY a;
CREATE MATERIALIZED VIEW of_by_key AS SELECT count(*) FROM by_key;

CREATE TABLE hen (id int PRIMARY KEY, egg int);
CREATE TABLE egg (id int PRIMARY KEY, hen int REFERENCES hen);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg;
INSERT INTO hen VALUES (1, NULL);
INSERT INTO egg VALUES (1, 1);
UPDATE hen SET egg = 1;
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2);

CREATE TABLE "select" ("from" int PRIMARY KEY, "Where" text, "a""b" text, "a-b" text, "ctid " text);
INSERT INTO "select" VALUES (1, 'w', 'q', 'd', 'c');
CREATE UNIQUE INDEX "from" ON "select" ("Where", "a""b") INCLUDE ("a-b");
ALTER TABLE "select" ADD CONSTRAINT "PRIMARY KEY (x)" UNIQUE ("a-b") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "select" CLUSTER ON "PRIMARY KEY (x)";
CREATE TABLE "FOREIGN KEY" (a int CONSTRAINT "NOT VALID" REFERENCES "select");
INSERT INTO "FOREIGN KEY" VALUES (1);

CREATE TABLE floats (a float8, b float4, c numeric, d timestamptz, e interval, f money, g xml, h json,
  i bit varying, j inet, k tsvector, l point, m int4range, n uuid, o "char", p name, q regclass, r oid);
INSERT INTO floats VALUES
  ('NaN', '-0', 'NaN', 'infinity', '1 mon -3 days', 12.34, '<a>é</a>', '{"b":1,  "a":2}', B'101',
   '::1/64', 'a:1A b', '(1,2)', '[1,5)', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'x', 'n', 'tree', 7),
  ('-Infinity', 'Infinity', 1e-200, '0044-03-15 BC', '-1 year', -1, NULL, 'null', B'', '10.0.0.1', '', '(0,-0)', 'empty',
   NULL, '', '', 'parted', 0);
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE of_types (a pair[], b positive, c mood[], d mood, e pair);
INSERT INTO of_types VALUES (ARRAY[(1, 'x')::pair], 1, '{sad,happy}', 'happy', (2, NULL));
CREATE TABLE all_null (a int, b text, c jsonb);
INSERT INTO all_null SELECT NULL FROM generate_series(1, 5);
