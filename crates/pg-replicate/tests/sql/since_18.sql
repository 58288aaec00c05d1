-- What PostgreSQL 18 has besides since_17.sql.
CREATE TABLE stays (
  room integer, during daterange,
  guest text CONSTRAINT somebody NOT NULL,
  nights integer GENERATED ALWAYS AS (upper(during) - lower(during)) VIRTUAL,
  loud text GENERATED ALWAYS AS (upper(guest)) STORED,
  CONSTRAINT stays_key PRIMARY KEY (room, during WITHOUT OVERLAPS)
);
COMMENT ON CONSTRAINT somebody ON stays IS 'a name';
INSERT INTO stays VALUES (1, '[2026-01-01,2026-01-03)', 'x'), (1, '[2026-01-03,2026-01-09)', 'y');
CREATE TABLE breakfasts (
  room integer, during daterange, eggs integer,
  CONSTRAINT of_a_stay FOREIGN KEY (room, PERIOD during) REFERENCES stays (room, PERIOD during),
  CONSTRAINT few CHECK (eggs < 5) NOT ENFORCED
);
INSERT INTO breakfasts VALUES (1, '[2026-01-02,2026-01-04)', 9);
CREATE TABLE laundry (
  id uuid PRIMARY KEY DEFAULT uuidv7(), room integer, "user" bigint,
  CONSTRAINT not_checked FOREIGN KEY ("user") REFERENCES users NOT ENFORCED
);
INSERT INTO laundry (room, "user") VALUES (1, -1);
ALTER TABLE laundry ADD CONSTRAINT some_room NOT NULL room NOT VALID;
CREATE TABLE kinds (name text CONSTRAINT named NOT NULL NO INHERIT);
CREATE COLLATION folded (PROVIDER = builtin, LOCALE = 'PG_UNICODE_FAST');
CREATE TABLE lower_words (word text COLLATE folded, folded text GENERATED ALWAYS AS (casefold(word)) STORED);
INSERT INTO lower_words VALUES ('Straße');
CREATE TABLE tallies (
  id integer PRIMARY KEY, n integer, twice integer GENERATED ALWAYS AS (n * 2) VIRTUAL
);
INSERT INTO tallies VALUES (1, 1), (2, 2);
