-- Writes a piece ($3) of a large object ($1) at position $2.
SELECT pg_catalog.lo_put($1::oid, $2::bigint, $3::bytea)
