SELECT pg_catalog.pg_get_userbyid(nspowner)::text AS owner,
  pg_catalog.pg_get_userbyid(nspowner) = CURRENT_USER AS is_ours
FROM pg_catalog.pg_namespace WHERE nspname = $1
