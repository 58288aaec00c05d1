-- The settings of pg_restore: bodies of functions may refer to later objects, XML may be a fragment, and
-- rows hidden by row-level security are an error. The role's default tablespace is not the source's; a
-- partitioned table refuses the database's default tablespace if it is named.
SET check_function_bodies = false;
SET xmloption = content;
SET row_security = off;
SET default_tablespace = '';
