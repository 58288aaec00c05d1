-- Writes the first pieces ($2) of empty large objects ($1).
SELECT pg_catalog.lo_put(made.oid, 0, made.piece)
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::bytea[])) AS made (oid, piece)
