-- The tables of a run ($1 schemas, $2 names, $3 rows, $4 modes, $5 verified); $6 run, $7 snapshot.
INSERT INTO :schema.copied_table AS old
  (schema_name, table_name, rows, mode, snapshot_at, published_at, verified, run_id)
SELECT its.schema, its.name, its.rows, its.mode, $7, pg_catalog.clock_timestamp(), its.verified, $6
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::boolean[])
  AS its (schema, name, rows, mode, verified)
ON CONFLICT (schema_name, table_name) DO UPDATE
SET rows = excluded.rows, mode = excluded.mode, snapshot_at = excluded.snapshot_at,
  published_at = excluded.published_at, verified = excluded.verified, run_id = excluded.run_id
