-- What PostgreSQL 17 has besides since_16.sql.
CREATE TABLE readings (
  id bigint GENERATED ALWAYS AS IDENTITY (START 100), at date NOT NULL, value numeric
) PARTITION BY RANGE (at);
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO readings (at, value) VALUES ('2026-05-01', 1.5), ('2026-05-02', 2.5);
CREATE COLLATION builtin_c (PROVIDER = builtin, LOCALE = 'C.UTF-8');
CREATE TABLE built_in (word text COLLATE builtin_c);
INSERT INTO built_in VALUES ('é'), ('E');
ALTER TABLE answers ALTER result SET STATISTICS DEFAULT;
CREATE FUNCTION hurried() RETURNS integer LANGUAGE sql SET transaction_timeout = '1min'
  AS 'SELECT 1';
CREATE VIEW documents AS
  SELECT t.* FROM users, JSON_TABLE(document, '$' COLUMNS (n integer PATH '$.n')) AS t;
