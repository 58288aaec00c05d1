-- What PostgreSQL 14 has besides every_object.sql.
CREATE FUNCTION doubled(word text) RETURNS text LANGUAGE sql IMMUTABLE RETURN word || word;
CREATE FUNCTION pair(OUT low integer, OUT high integer) LANGUAGE sql IMMUTABLE
  BEGIN ATOMIC SELECT 1, 2; END;
CREATE PROCEDURE split(whole text, OUT half text) LANGUAGE plpgsql
  AS $$BEGIN half := left(whole, length(whole) / 2); END$$;
ALTER TABLE users ALTER raw SET COMPRESSION pglz;
CREATE STATISTICS users_expression ON (lower(name)), (level % 2) FROM users;

CREATE TYPE temperature AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = temperatures);
CREATE TABLE opening_hours (
  id integer PRIMARY KEY,
  days datemultirange NOT NULL DEFAULT '{}',
  warm temperatures
);
CREATE INDEX opening_hours_days ON opening_hours USING gist (days);
INSERT INTO opening_hours VALUES
  (1, '{[2026-01-01,2026-02-01),[2026-03-01,2026-04-01)}', '{[18,21),(25,30]}'), (2, '{}', NULL);
