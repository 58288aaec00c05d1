-- How many large objects a database holds.
SELECT count(*) FROM pg_catalog.pg_largeobject_metadata
