-- What PostgreSQL 15 has besides since_14.sql.
ALTER TABLE bookings ADD CONSTRAINT once UNIQUE NULLS NOT DISTINCT (room, note);
CREATE VIEW own_bookings WITH (security_invoker = true) AS SELECT room, note FROM bookings;
CREATE TABLE favourites (
  id integer PRIMARY KEY, room integer, "user" bigint,
  CONSTRAINT keeps_id FOREIGN KEY ("user") REFERENCES users ON DELETE SET NULL ("user")
);
INSERT INTO favourites VALUES (1, 1, 5);
CREATE SEQUENCE in_memory AS integer;
CREATE UNLOGGED TABLE unlogged_numbers (id integer GENERATED ALWAYS AS IDENTITY, n integer);
INSERT INTO unlogged_numbers (n) VALUES (7), (8);
CREATE COLLATION sorted_by_icu (PROVIDER = icu, LOCALE = 'de-u-co-phonebk');
CREATE PUBLICATION some_tables FOR TABLE answers (id, result), my_answers WHERE (id > 0);
