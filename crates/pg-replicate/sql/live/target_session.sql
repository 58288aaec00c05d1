-- Foreign keys are checked by a join of all rows. By merging it takes half of what hashing takes, for what an index holds
-- in order need not be sorted; the indexes have just been written from first to last, so that reading one is no
-- jumping. Compiling such a query (not every version can) takes longer than it spares.
SET enable_hashjoin = off;
SET random_page_cost = 1.1;
SELECT pg_catalog.set_config(name, 'off', false) FROM pg_catalog.pg_settings WHERE name = 'jit';
-- Indexes stand where the source's definition says.
SET default_tablespace = '';
