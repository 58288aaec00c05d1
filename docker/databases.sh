#!/usr/bin/env bash
# Run once by the postgres image when its volume is empty: the databases and roles that sample.env
# names, and a sample source. Passwords are not asked for (POSTGRES_HOST_AUTH_METHOD=trust).
set -euo pipefail

sql=${SAMPLE_SQL:-/sample}
run=(psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}")

"${run[@]}" --dbname=postgres <<'SQL'
CREATE ROLE source_owner NOLOGIN;
CREATE ROLE source_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE target_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE source_database OWNER source_owner;
CREATE DATABASE target_database OWNER target_user;
SQL

# One session: SET ROLE holds for every file.
"${run[@]}" --dbname=source_database --set=users="${SAMPLE_USERS:-20000}" \
  --command='SET ROLE source_owner' \
  --file="$sql/tables.sql" --file="$sql/rows.sql" --file="$sql/constraints.sql" \
  --file="$sql/read_only.sql"
