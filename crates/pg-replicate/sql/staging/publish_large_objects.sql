-- Creates large objects ($2) from the first $3 bytes of others ($1), in this order; rest: whether there may be more.
WITH first AS MATERIALIZED (
  SELECT copied.final, copied.staged, pg_catalog.lo_get(copied.staged, 0, $3::integer) AS piece
  FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS copied (staged, final)
)
SELECT pg_catalog.lo_from_bytea(final, piece) AS final, staged, pg_catalog.octet_length(piece) = $3::integer AS rest
FROM first
