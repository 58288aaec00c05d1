-- Creates $1 large objects, with numbers chosen by the server.
SELECT pg_catalog.lo_create(0) AS oid FROM pg_catalog.generate_series(1, $1::bigint)
