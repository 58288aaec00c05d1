-- Size, tables, indexes, foreign keys, estimated rows.
SELECT
  pg_size_pretty(pg_database_size(current_database())),
  (SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace),
  (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'),
  (SELECT count(*) FROM pg_constraint WHERE contype = 'f'),
  (SELECT sum(reltuples)::bigint FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace);
