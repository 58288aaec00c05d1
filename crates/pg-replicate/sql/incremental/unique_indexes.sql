-- The columns by which rows of the table ($1 schema, $2 name) may be in each other's way: those of its unique indexes
-- and exclusion constraints, but for columns of its key ($3) and those that cannot be set to any value: generated ones,
-- those of a foreign key, those that others refer to unless these follow (ON UPDATE CASCADE), those that say to which
-- partition a row belongs. Of each index one is enough; the best comes first. kind: which value no other row has, see
-- shifts.rs.
WITH relation AS (
  SELECT c.oid
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relname = $2::text
), part AS (
  SELECT i.indexrelid, i.indrelid, i.indisexclusion, key.number,
    -- NULL differs from every value, unless the index says otherwise (possible since 15).
    NOT coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_differ
  FROM relation
  JOIN pg_catalog.pg_index i ON i.indrelid = relation.oid AND (i.indisunique OR i.indisexclusion)
  CROSS JOIN LATERAL (
    SELECT part.number
    FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS part (number, place)
    WHERE part.place <= i.indnkeyatts AND part.number > 0
    UNION
    -- Columns of its expressions; they cannot be distinguished from those of a condition.
    SELECT d.refobjsubid::int2
    FROM pg_catalog.pg_depend d
    WHERE i.indexprs IS NOT NULL AND i.indpred IS NULL
      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid
      AND d.refobjsubid > 0
  ) AS key
)
SELECT found.index, found.name, found.type, found.kind
FROM (
  SELECT part.indexrelid AS index, a.attnum, a.attname::text AS name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    CASE
      -- Who refers to NULL refers to nothing, and does not follow.
      WHEN NOT a.attnotnull AND part.nulls_differ AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint k
        WHERE k.contype = 'f' AND k.confrelid = part.indrelid AND a.attnum = ANY (k.confkey)
      ) THEN 'null'
      WHEN base.oid = ANY ('{int2, int4, int8, numeric, float4, float8}'::pg_catalog.regtype[]) THEN 'number'
      WHEN base.oid = ANY ('{date, timestamp, timestamptz}'::pg_catalog.regtype[]) THEN 'time'
      WHEN base.oid = 'pg_catalog.uuid'::pg_catalog.regtype THEN 'uuid'
      WHEN base.typcategory = 'S' THEN 'text'
      WHEN base.typcategory = 'R' AND part.indisexclusion THEN 'range'
    END AS kind
  FROM part
  JOIN pg_catalog.pg_attribute a ON a.attrelid = part.indrelid AND a.attnum = part.number
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type base ON base.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
  WHERE a.attname <> ALL ($3::text[]) AND a.attgenerated = ''
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint k
      WHERE k.contype = 'f' AND (
        k.conrelid = part.indrelid AND a.attnum = ANY (k.conkey)
        OR k.confrelid = part.indrelid AND a.attnum = ANY (k.confkey) AND k.confupdtype <> 'c')
    )
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_partitioned_table p
      WHERE p.partrelid = part.indrelid AND a.attnum = ANY (p.partattrs::int2[])
    )
) AS found
ORDER BY index, kind = 'null' DESC NULLS LAST, kind, attnum
