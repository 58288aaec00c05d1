-- Rows of every table, and every index, constraint, sequence: what two equal databases agree in. For psql.
SELECT format('SELECT ''rows'', %L, count(*) FROM %s', relname, oid::regclass) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname \gexec
SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef;
SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 ORDER BY 2, 3;
SELECT 'sequence', sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename;
