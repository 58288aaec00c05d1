-- Lets the role source_user read everything that its owner has here and will have.

GRANT SELECT ON ALL TABLES IN SCHEMA public TO source_user;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO source_user;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO source_user;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO source_user;
