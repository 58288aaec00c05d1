-- Identifies the cluster, whichever of its servers answers.
SELECT system_identifier::text || '/' || timeline_id AS cluster
FROM pg_catalog.pg_control_system(), pg_catalog.pg_control_checkpoint()
