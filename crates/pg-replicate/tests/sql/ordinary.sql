-- Takes out of a database what only a superuser may make, and what belongs to no database alone.
DO $$
DECLARE
  statement text;
BEGIN
  FOR round IN 1..3 LOOP
    FOR statement IN
      SELECT pg_catalog.format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::pg_catalog.regprocedure)
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE p.oid >= 16384 AND (l.lanname IN ('c', 'internal')
        OR 'pg_catalog.internal'::pg_catalog.regtype = ANY (p.proargtypes::oid[] || p.prorettype)
        OR EXISTS (SELECT FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid
          AND 'pg_catalog.internal'::pg_catalog.regtype IN (a.aggtranstype, a.aggmtranstype)))
      UNION ALL
      SELECT pg_catalog.format('ALTER ROUTINE %s NOT LEAKPROOF', oid::pg_catalog.regprocedure)
      FROM pg_catalog.pg_proc WHERE oid >= 16384 AND proleakproof
      UNION ALL
      SELECT pg_catalog.format('DROP OPERATOR FAMILY %I.%I USING %I CASCADE', n.nspname, f.opfname, m.amname)
      FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_am m ON m.oid = f.opfmethod
      JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid >= 16384
      UNION ALL
      SELECT pg_catalog.format('DROP %s %I CASCADE', kind, name) FROM (
        SELECT 'ACCESS METHOD', amname FROM pg_catalog.pg_am WHERE oid >= 16384
        UNION ALL SELECT 'FOREIGN DATA WRAPPER', fdwname FROM pg_catalog.pg_foreign_data_wrapper WHERE oid >= 16384
        UNION ALL SELECT 'EVENT TRIGGER', evtname FROM pg_catalog.pg_event_trigger
        UNION ALL SELECT 'PUBLICATION', pubname FROM pg_catalog.pg_publication
        UNION ALL SELECT 'LANGUAGE', lanname FROM pg_catalog.pg_language WHERE oid >= 16384 AND NOT lanpltrusted
      ) AS ours (kind, name)
      UNION ALL
      SELECT pg_catalog.format('DROP TEXT SEARCH %s %I.%I CASCADE', kind, n.nspname, name) FROM (
        SELECT 'PARSER', prsnamespace, prsname FROM pg_catalog.pg_ts_parser WHERE oid >= 16384
        UNION ALL SELECT 'TEMPLATE', tmplnamespace, tmplname FROM pg_catalog.pg_ts_template WHERE oid >= 16384
      ) AS search (kind, namespace, name) JOIN pg_catalog.pg_namespace n ON n.oid = search.namespace
      UNION ALL
      SELECT pg_catalog.format('DROP CAST (%s AS %s)', castsource::pg_catalog.regtype, casttarget::pg_catalog.regtype)
      FROM pg_catalog.pg_cast c
      WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t
        WHERE t.oid IN (c.castsource, c.casttarget) AND t.oid >= 16384)
      UNION ALL
      SELECT pg_catalog.format('DROP TYPE %s CASCADE', oid::pg_catalog.regtype) FROM pg_catalog.pg_type
      WHERE oid >= 16384 AND ((typtype = 'b' AND typcategory <> 'A') OR NOT typisdefined)
      UNION ALL
      SELECT pg_catalog.format('DROP SCHEMA %I CASCADE', nspname) FROM pg_catalog.pg_namespace
      WHERE nspname LIKE 'pg\_temp\_%'
      UNION ALL
      SELECT pg_catalog.format('SELECT pg_catalog.lo_unlink(%s)', oid) FROM pg_catalog.pg_largeobject_metadata
    LOOP
      BEGIN
        EXECUTE statement;
      EXCEPTION WHEN OTHERS THEN
        -- Gone already with another.
        NULL;
      END;
    END LOOP;
  END LOOP;
END
$$;
