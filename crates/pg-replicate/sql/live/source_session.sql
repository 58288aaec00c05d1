-- Rows that row security hides would be missing without a word: an error instead.
SET row_security = off;
