INSERT INTO :schema.run AS old (run_id, method, started_at, snapshot_at, published_at, verified)
VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp(), $5)
ON CONFLICT (run_id, method) DO UPDATE
SET started_at = excluded.started_at, snapshot_at = excluded.snapshot_at,
  published_at = excluded.published_at, verified = excluded.verified
