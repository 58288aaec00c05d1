-- A piece of each of some large objects ($1): at most $3 bytes from position $2.
SELECT wanted.oid, pg_catalog.lo_get(wanted.oid, $2::bigint, $3::integer) AS piece
FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
