-- Size of all large objects of a database on disk. Only superusers may read their table itself.
SELECT coalesce(pg_catalog.pg_table_size('pg_catalog.pg_largeobject'), 0)
