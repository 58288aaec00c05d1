SELECT pg_catalog.to_jsonb(o) AS preserved
FROM replication_preserved.object o
ORDER BY position
