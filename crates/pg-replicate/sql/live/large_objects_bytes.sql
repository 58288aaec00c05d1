-- What all large objects of a database take on its disk. Their table itself is for superusers to read.
SELECT coalesce(pg_catalog.pg_table_size('pg_catalog.pg_largeobject'), 0)
