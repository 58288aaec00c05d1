//! pg_dump: its arguments, its messages; and what pg_restore has in common with it.

use std::path::Path;

use crate::postgres::client_program::Ended;
use crate::postgres::error_text;
use crate::{DatabaseUrl, Error};

/// All arguments except the database.
pub(crate) fn arguments(excluded: &[String], file: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--verbose",
        "--exclude-schema=information_schema",
        "--exclude-schema=pg_*",
        "--exclude-schema=replication_preserved",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(excluded.iter().map(|pattern| format!("--exclude-table={pattern}")));
    arguments.push(format!("--file={}", file.display()));
    arguments
}

/// `pg_dump: dumping contents of table "public.answers"`
pub(crate) fn dumped_table(line: &str) -> Option<&str> {
    line.split_once("dumping contents of table \"")?.1.strip_suffix('"')
}

/// A connection string for `--dbname`: everything that the environment cannot express, without the
/// password.
pub(crate) fn connection_string(url: &DatabaseUrl) -> String {
    let database = url.database().replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{database}' keepalives_idle=30 keepalives_interval=10 keepalives_count=3")
}

/// The errors in a failed program's output, without the rest of its verbose output.
pub(crate) fn failure(name: &str, url: &DatabaseUrl, ended: &Ended) -> Error {
    let lines = &ended.last_lines;
    let first = lines.iter().position(|line| line.contains("error: ")).unwrap_or(0);
    let messages = lines[first..].join("; ");
    if is_connection_lost(&messages) {
        return connection_lost(url, &messages);
    }
    Error::Program { program: name.into(), status: ended.status.to_string(), messages }
}

/// A program lost its connection, and said so in `message`.
pub(crate) fn connection_lost(url: &DatabaseUrl, message: &str) -> Error {
    Error::Unreachable { url: url.to_string(), reason: error_text::output(message) }
}

/// What libpq and the programs say when there is no connection any more, in English, for their locale is ours.
const LOST: [&str; 9] = [
    "connection to server at",
    "connection to server on socket",
    "server closed the connection",
    "SSL connection has been closed unexpectedly",
    "could not receive data from server",
    "lost synchronization with server",
    "no connection to the server",
    "PQgetCopyData() failed",
    "error returned by PQputCopy",
];

/// The server's word for FATAL in each of its languages: where it ends a COPY of pg_dump, nothing else is said.
const FATAL: [&str; 10] = [
    "FATAL",
    "FATALE",
    "FATALT",
    "KATASTROFALNY",
    "ÖLÜMCÜL (FATAL)",
    "ВАЖНО",
    "ФАТАЛЬНО",
    "ფატალური",
    "치명적오류",
    "致命错误",
];

/// Whether an error tells that the program lost its connection: after a FATAL of the server there is none.
pub(crate) fn is_connection_lost(message: &str) -> bool {
    let severity = message.split_once(":  ").map(|(before, _)| before).unwrap_or_default();
    LOST.iter().any(|text| message.contains(text))
        || FATAL.iter().any(|word| severity.ends_with(word))
}
