-- The tables of FRESHNESS_SCHEMA (:schema). They and what is granted on them stay when a copy replaces everything else.
CREATE SCHEMA IF NOT EXISTS :schema;
CREATE TABLE IF NOT EXISTS :schema.run (
  run_id text NOT NULL,
  method text NOT NULL,
  started_at timestamptz NOT NULL,
  snapshot_at timestamptz,
  published_at timestamptz NOT NULL,
  verified boolean,
  PRIMARY KEY (run_id, method)
);
CREATE TABLE IF NOT EXISTS :schema.copied_table (
  schema_name text NOT NULL,
  table_name text NOT NULL,
  rows bigint,
  mode text NOT NULL,
  snapshot_at timestamptz,
  published_at timestamptz NOT NULL,
  verified boolean,
  run_id text NOT NULL,
  PRIMARY KEY (schema_name, table_name)
);
COMMENT ON TABLE :schema.run IS 'The last runs of the replication that have changed tables here';
COMMENT ON COLUMN :schema.run.snapshot_at IS 'The moment of the source that was copied; NULL: not known';
COMMENT ON COLUMN :schema.run.verified IS 'Whether all tables were compared with the source and are equal; NULL: not compared';
COMMENT ON TABLE :schema.copied_table IS 'How fresh each table is that the replication copies';
COMMENT ON COLUMN :schema.copied_table.rows IS 'Number of rows when it was copied; NULL: not counted';
COMMENT ON COLUMN :schema.copied_table.snapshot_at IS 'The moment of the source that it shows; NULL: not known';
COMMENT ON COLUMN :schema.copied_table.verified IS 'Whether it was compared with the source and is equal; NULL: not compared'
