-- Number of large objects in a database.
SELECT count(*) FROM pg_catalog.pg_largeobject_metadata
