-- Only the last 100 runs are kept, with all that tables refer to.
DELETE FROM :schema.run
WHERE (run_id, method) IN (
    SELECT run_id, method FROM :schema.run ORDER BY published_at DESC OFFSET 100
  )
  AND run_id NOT IN (SELECT run_id FROM :schema.copied_table)
