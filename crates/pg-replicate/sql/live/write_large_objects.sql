-- Creates large objects ($1) with their first pieces ($2).
SELECT pg_catalog.count(pg_catalog.lo_from_bytea(made.oid, made.piece))
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::bytea[])) AS made (oid, piece)
