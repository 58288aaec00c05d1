-- What PostgreSQL 16 has besides since_15.sql.
CREATE COLLATION with_rules (PROVIDER = icu, LOCALE = 'und', RULES = '& a < g');
CREATE TABLE weighed (id integer PRIMARY KEY, note text STORAGE external COLLATE with_rules);
INSERT INTO weighed VALUES (1, 'a'), (2, 'g'), (3, 'b');
CREATE VIEW weighed_json AS
  SELECT json_arrayagg(note ORDER BY id) AS notes FROM weighed WHERE note IS JSON IS FALSE;
