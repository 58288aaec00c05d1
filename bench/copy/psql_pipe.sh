# psql, URL of the source, URL of the target, table: what the Node.js program does for an incremental table.
psql=$1 source=$2 target=$3 table=$4
last=$("$psql" -XAtq "$target" -c "SELECT MAX(id) FROM \"$table\"")
"$psql" -Xq "$source" -v ON_ERROR_STOP=1 -c "\copy (SELECT * FROM \"$table\" WHERE id > $last) TO STDOUT" |
  "$psql" -Xq "$target" -v ON_ERROR_STOP=1 -c "\copy \"$table\" FROM STDIN"
