-- Writes a piece of a large object ($2) that is in another one ($1): at most $4 bytes from position $3. is_last: there is no more.
WITH one AS MATERIALIZED (SELECT pg_catalog.lo_get($1::oid, $3::bigint, $4::integer) AS piece)
SELECT pg_catalog.lo_put($2::oid, $3::bigint, piece), pg_catalog.octet_length(piece) < $4::integer AS is_last
FROM one
