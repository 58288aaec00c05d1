-- Foreign keys are checked by a join of all rows. A merge join takes half the time of a hash join, because
-- what an index provides in order need not be sorted; the indexes have just been written sequentially, so
-- reading them is not random access. JIT compilation of such a query (supported by some versions) takes
-- longer than it saves.
SET enable_hashjoin = off;
SET random_page_cost = 1.1;
SELECT pg_catalog.set_config(name, 'off', false) FROM pg_catalog.pg_settings WHERE name = 'jit';
-- Tablespaces of indexes are those of the source's definitions.
SET default_tablespace = '';
