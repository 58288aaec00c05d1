-- Objects that exist here and need not be restored, named as by pg_dump (kind, schema, tag): every schema
-- and extension, and of the others those of ($1 classes, $2 oids), which kept tables need. Arguments are
-- written as by pg_dump, with an empty search_path.
WITH kept (classid, objid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
)
SELECT 'SCHEMA' AS kind, NULL::text AS schema, nspname::text AS tag
FROM pg_catalog.pg_namespace
UNION ALL
SELECT 'EXTENSION', NULL, extname FROM pg_catalog.pg_extension
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname
FROM kept
JOIN pg_catalog.pg_type t ON t.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE kept.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
UNION ALL
SELECT CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
  n.nspname,
  p.proname || '(' || coalesce((
    SELECT pg_catalog.string_agg(pg_catalog.format_type(type, NULL), ', ' ORDER BY place)
    FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS argument (type, place)
  ), CASE p.prokind WHEN 'a' THEN '*' ELSE '' END) || ')'
FROM kept
JOIN pg_catalog.pg_proc p ON p.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE kept.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
UNION ALL
SELECT 'SEQUENCE', n.nspname, c.relname
FROM kept
JOIN pg_catalog.pg_class c ON c.oid = kept.objid AND c.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE kept.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
UNION ALL
SELECT 'COLLATION', n.nspname, c.collname
FROM kept
JOIN pg_catalog.pg_collation c ON c.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE kept.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass
UNION ALL
SELECT 'OPERATOR', n.nspname, o.oprname
FROM kept
JOIN pg_catalog.pg_operator o ON o.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE kept.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
UNION ALL
SELECT 'OPERATOR CLASS', n.nspname, o.opcname
FROM kept
JOIN pg_catalog.pg_opclass o ON o.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
WHERE kept.classid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
UNION ALL
SELECT 'OPERATOR FAMILY', n.nspname, o.opfname
FROM kept
JOIN pg_catalog.pg_opfamily o ON o.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = o.opfnamespace
WHERE kept.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
UNION ALL
SELECT 'TEXT SEARCH CONFIGURATION', n.nspname, c.cfgname
FROM kept
JOIN pg_catalog.pg_ts_config c ON c.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace
WHERE kept.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
UNION ALL
SELECT 'TEXT SEARCH DICTIONARY', n.nspname, d.dictname
FROM kept
JOIN pg_catalog.pg_ts_dict d ON d.oid = kept.objid
JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace
WHERE kept.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass
