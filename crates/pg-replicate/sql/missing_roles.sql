-- Those of the roles ($1) that do not exist on this server.
SELECT wanted.name
FROM pg_catalog.unnest($1::text[]) AS wanted (name)
WHERE wanted.name NOT IN ('public', 'current_user', 'session_user', 'current_role')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = wanted.name)
