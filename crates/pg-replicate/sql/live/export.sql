-- Exports the snapshot of this transaction, and tells how the database keeps its texts.
SELECT pg_catalog.pg_export_snapshot() AS snapshot,
  pg_catalog.current_setting('server_encoding') = 'SQL_ASCII' AS is_sql_ascii
