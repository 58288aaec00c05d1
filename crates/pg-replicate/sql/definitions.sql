-- The tables whose rows are copied, and partitioned tables, which have none of their own, with a SHA-256 of
-- each definition: columns, constraints, indexes, triggers and policies. Selection: content_tables.sql. The
-- functions that return definitions ignore snapshots, so the tables must be locked.
--
-- root: for a partition, the partitioned table at any level.
WITH RECURSIVE family (oid, root) AS (
  SELECT c.oid, c.oid
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  UNION ALL
  SELECT c.oid, family.root
  FROM family
  JOIN pg_catalog.pg_inherits i ON i.inhparent = family.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT n.nspname::text AS schema, c.relname::text AS name,
  root_schema.nspname::text AS root_schema, root.relname::text AS root_name,
  c.relkind = 'r' AS has_rows,
  pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws(E'\n',
    c.relkind::text || c.relpersistence::text || c.relrowsecurity::text || c.relforcerowsecurity::text,
    pg_catalog.array_to_string(c.reloptions, ','),
    pg_catalog.pg_get_partkeydef(c.oid),
    pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ',' ORDER BY i.inhseqno)
     FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ',
       pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::text END,
       CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'i' || a.attidentity::text, 'g' || a.attgenerated::text,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(k.conname) || ' '
       || pg_catalog.pg_get_constraintdef(k.oid), E'\n' ORDER BY k.conname COLLATE "C")
     FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid),
    (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid), E'\n'
       ORDER BY xc.relname COLLATE "C")
     FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class xc ON xc.oid = x.indexrelid
     WHERE x.indrelid = c.oid),
    (SELECT pg_catalog.string_agg(tr.tgenabled::text || pg_catalog.pg_get_triggerdef(tr.oid), E'\n'
       ORDER BY tr.tgname COLLATE "C")
     FROM pg_catalog.pg_trigger tr
     LEFT JOIN pg_catalog.pg_constraint k ON k.oid = tr.tgconstraint
     -- Before 15, a partition's copy of its parent's trigger is marked as internal too.
     WHERE tr.tgrelid = c.oid
       AND (NOT tr.tgisinternal OR tr.tgparentid <> 0 AND coalesce(k.contype, 't') = 't')),
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', pg_catalog.quote_ident(p.polname),
       p.polcmd::text, p.polpermissive::text,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)),
       E'\n' ORDER BY p.polname COLLATE "C")
     FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
  ), CASE pg_catalog.current_setting('server_encoding')
    WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)), 'hex') AS definition
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN family ON family.oid = c.oid
JOIN pg_catalog.pg_class root ON root.oid = family.root
JOIN pg_catalog.pg_namespace root_schema ON root_schema.oid = root.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid
    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e'
      AND e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND c.oid <> ALL (coalesce(x.extconfig, '{}')))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
