-- Every table with its size, TOAST included, and the pages of its heap, largest first.
SELECT oid::regclass::text AS name, pg_table_size(oid) AS bytes,
  pg_relation_size(oid) / current_setting('block_size')::bigint AS pages
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
ORDER BY bytes DESC, name;
