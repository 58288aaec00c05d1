-- What pg_restore sets before it makes objects: bodies of functions may name what comes later, XML may be a fragment,
-- and what row security would hide is an error. A tablespace that the role sets is not the source's; a partitioned table
-- refuses the database's own where it is named.
SET check_function_bodies = false;
SET xmloption = content;
SET row_security = off;
SET default_tablespace = '';
