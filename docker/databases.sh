#!/usr/bin/env bash
# Executed once by the postgres image if its volume is empty: creates the databases and roles named in
# sample.env, and a sample source. No passwords are required (POSTGRES_HOST_AUTH_METHOD=trust).
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

# One session, so that SET ROLE applies to every file.
"${run[@]}" --dbname=source_database --set=users="${SAMPLE_USERS:-20000}" \
  --command='SET ROLE source_owner' \
  --file="$sql/tables.sql" --file="$sql/rows.sql" --file="$sql/constraints.sql" \
  --file="$sql/read_only.sql"
