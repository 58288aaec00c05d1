-- What a script's statement must not change: the transaction, and how text is interpreted.
SELECT pg_catalog.txid_current_if_assigned() AS transaction,
  pg_catalog.current_setting('standard_conforming_strings') AS strings,
  pg_catalog.current_setting('client_encoding') AS encoding
