-- What would differ if this transaction had changed the tables ($1): rows written, and the file on disk,
-- which TRUNCATE replaces.
SELECT c.oid, pg_catalog.pg_relation_filenode(c.oid) AS place,
  coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), 0)
    + coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), 0)
    + coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), 0) AS changes
FROM pg_catalog.pg_class c
WHERE c.oid = ANY ($1::oid[])
ORDER BY 1
