//! Creation of an archive's objects in a session of this program, with the statements written by pg_dump.
//!
//! pg_restore would do the same, but it hides the SQLSTATE of errors, which is the only way to identify an
//! error in every language. Its workers' lines may also be interleaved, so that an error would be assigned
//! to another object.

use std::path::Path;

use tokio_postgres::GenericClient;
use tokio_postgres::error::SqlState;

use super::failure::Failure;
use crate::archive::{Entry, Section};
use crate::error::reason;
use crate::full_copy::failure_policy::{FailureClass, FailurePolicy};
use crate::full_copy::pg_restore_run;
use crate::full_copy::settings::FullCopy;
use crate::postgres::connection::Connection;
use crate::postgres::error_text;
use crate::postgres::identifier::quote_identifier;
use crate::postgres::sql_text::Cursor;
use crate::{Error, ObjectFailure};
use progress::{Context, ProgressItem, ProgressTracker, Weight};

const SESSION: &str = include_str!("../../sql/restore_session.sql");
const MISSING_ROLES: &str = include_str!("../../sql/missing_roles.sql");

/// How often a statement is repeated after a deadlock.
const ATTEMPTS: u32 = 5;

/// Restores `entries` one by one with their statements, and reports them to `board` with the total
/// `weight`; returns the refused ones.
pub(super) async fn in_order(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    board: &ProgressTracker,
    weight: Weight,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let mut failures = Vec::new();
    let wanted: Vec<&Entry> = entries.iter().filter(|entry| is_object(entry)).collect();
    if wanted.is_empty() {
        return Ok(failures);
    }
    let count = wanted.len() as u64;
    let weight = Weight { cost: weight.cost / count, bytes: weight.bytes / count };
    let mut session = Session::open(copy, entries, context).await?;
    for some in wanted.chunk_by(|one, next| one.is_garbled && next.is_garbled) {
        match some {
            // Text that is not UTF-8 cannot be sent as a string.
            [first, ..] if first.is_garbled => {
                let some: Vec<Entry> = some.iter().map(|entry| (*entry).clone()).collect();
                failures
                    .extend(pg_restore_run::told(copy, &some, dump, board, weight, context).await?);
            }
            _ => {
                for entry in some {
                    let object = start(board, entry, weight);
                    match (session.restore(entry, context).await?, object) {
                        (Some(failure), _) => failures.push(failure),
                        (None, Some(object)) => object.end(0),
                        (None, None) => {}
                    }
                }
            }
        }
    }
    Ok(failures)
}

/// Reports an entry like pg_restore with several jobs: only entries with rows, or after them, have items.
fn start(board: &ProgressTracker, entry: &Entry, weight: Weight) -> Option<ProgressItem> {
    if entry.section == Section::PreData {
        tracing::debug!("processing item {} {entry}", entry.id);
        return None;
    }
    Some(board.start(&entry.kind, &entry.name(), weight))
}

/// Whether an entry creates something within an existing database, except owners and privileges.
fn is_object(entry: &Entry) -> bool {
    let is_of_archive = matches!(
        entry.kind.as_str(),
        "ENCODING"
            | "STDSTRINGS"
            | "SEARCHPATH"
            | "DATABASE"
            | "DATABASE PROPERTIES"
            | "ACL"
            | "DEFAULT ACL"
            | "ACL LANGUAGE"
    );
    let is_of_database = matches!(entry.kind.as_str(), "COMMENT" | "SECURITY LABEL")
        && entry.tag.starts_with("DATABASE ");
    !is_of_archive && !is_of_database
}

/// A session with the settings that pg_restore makes.
struct Session {
    connection: Connection,
    tablespace: String,
    access_method: String,
}

impl Session {
    async fn open(copy: &FullCopy, entries: &[Entry], context: &Context) -> Result<Self, Error> {
        let name = "pg-replicate restore schema";
        let connection = Connection::open_for(context, &copy.target, name).await?;
        let strings = entries.iter().find(|entry| entry.kind == "STDSTRINGS");
        let strings = strings.map_or("", |entry| entry.definition.as_str());
        let set = async {
            let done = connection.batch_execute(&format!("{SESSION}{strings}")).await;
            done.map_err(|error| connection.error("set up the session", &error))
        };
        connection.run(context, set).await?;
        Ok(Self { connection, tablespace: String::new(), access_method: String::new() })
    }

    async fn restore(
        &mut self,
        entry: &Entry,
        context: &Context,
    ) -> Result<Option<Failure>, Error> {
        let connection = &self.connection;
        if let Some(sql) = defaults(entry, &mut self.tablespace, &mut self.access_method) {
            let set = async { Ok(connection.batch_execute(&sql).await) };
            if let Err(error) = connection.run(context, set).await? {
                // The object is created in the database's default tablespace.
                tracing::warn!(object = %entry, "{entry}: {}", reason(&error));
            }
        }
        execute(connection, entry, &entry.definition, context).await
    }
}

/// Settings needed before an entry if its tablespace or access method differs from that of the previous
/// one.
fn defaults(entry: &Entry, tablespace: &mut String, access_method: &mut String) -> Option<String> {
    let mut sql = String::new();
    let wanted = entry.tablespace.as_deref().unwrap_or_default();
    if *tablespace != wanted {
        let name = if wanted.is_empty() { "''".to_owned() } else { quote_identifier(wanted) };
        sql.push_str(&format!("SET default_tablespace = {name};"));
        wanted.clone_into(tablespace);
    }
    if let Some(wanted) = entry.access_method.as_deref().filter(|its| *its != access_method) {
        sql.push_str(&format!("SET default_table_access_method = {};", quote_identifier(wanted)));
        wanted.clone_into(access_method);
    }
    (!sql.is_empty()).then_some(sql)
}

/// Executes `sql` for `entry`; returns why it was refused. It is repeated if another session's lock caused
/// a rollback.
pub(super) async fn execute(
    connection: &Connection,
    entry: &Entry,
    sql: &str,
    context: &Context,
) -> Result<Option<Failure>, Error> {
    let mut attempt = 1;
    loop {
        let run = async { Ok(connection.batch_execute(sql).await) };
        let Err(error) = connection.run(context, run).await? else { return Ok(None) };
        if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) && attempt < ATTEMPTS {
            attempt += 1;
            tracing::warn!(object = %entry, "{entry} is restored again: two sessions had blocked each other");
            continue;
        }
        return match connection.error(format!("create {entry} on the target"), &error) {
            Error::Database { reason: message, .. } => {
                let code = error.code().cloned();
                let ask = async {
                    let found = missing_roles(&**connection, entry, code.as_ref()).await;
                    found.map_err(|error| connection.error("look for roles", &error))
                };
                let missing_roles = connection.run(context, ask).await?;
                Ok(Some(Failure { entry: entry.id, code, message, missing_roles }))
            }
            error => Err(error),
        };
    }
}

/// The roles of a policy or a user mapping that do not exist on the server.
pub(crate) async fn missing_roles(
    client: &(impl GenericClient + Sync),
    entry: &Entry,
    code: Option<&SqlState>,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let word = match entry.kind.as_str() {
        "POLICY" => "TO",
        "USER MAPPING" => "FOR",
        _ => return Ok(Vec::new()),
    };
    if code != Some(&SqlState::UNDEFINED_OBJECT) {
        return Ok(Vec::new());
    }
    let names = names_after(&entry.definition, word);
    let rows = client.query(MISSING_ROLES, &[&names]).await?;
    Ok(rows.iter().map(|row| row.get("name")).collect())
}

/// The names after the next `word`, separated by commas.
fn names_after(sql: &str, word: &str) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(mut cursor) = Cursor::new(sql) else { return names };
    if cursor.skip_past(word) {
        names.extend(cursor.name());
        while cursor.eat_symbol(',') {
            names.extend(cursor.name());
        }
    }
    names
}

/// Logs the failures; returns those that are not forgiven.
pub(super) fn classified(
    policy: &mut FailurePolicy<'_>,
    failures: &[Failure],
) -> Vec<ObjectFailure> {
    failures.iter().filter_map(|failure| log_class(policy.classify(failure))).collect()
}

/// Logs how a failure was classified; answers the failure that may not be ignored.
pub(crate) fn log_class(class: FailureClass) -> Option<ObjectFailure> {
    match class {
        FailureClass::Ignored { object, reason, message } => {
            let message = error_text::output(&message);
            tracing::warn!(object, "{object} could not be restored: {reason} ({message})");
            None
        }
        FailureClass::Fatal { object, message } => {
            let message = error_text::output(&message);
            tracing::error!(object, "{object} could not be restored: {message}");
            Some(ObjectFailure { object, message })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_of_a_statement() {
        let policy = "CREATE POLICY \"to\" ON public.t FOR SELECT TO a, \"B c\" USING ((x > 1));";
        assert_eq!(names_after(policy, "TO"), ["a", "B c"]);
        let mapping = "CREATE USER MAPPING FOR \"for\" SERVER s OPTIONS (\"user\" 'x');";
        assert_eq!(names_after(mapping, "FOR"), ["for"]);
    }

    #[test]
    fn defaults_are_set_when_they_change() {
        let (mut space, mut method) = (String::new(), String::new());
        let mut next = |entry: &Entry| defaults(entry, &mut space, &mut method);
        let plain = Entry::default();
        let moved = Entry {
            tablespace: Some("fast disk".into()),
            access_method: Some("heap".into()),
            ..Entry::default()
        };
        assert_eq!(next(&plain), None);
        let expected =
            "SET default_tablespace = \"fast disk\";SET default_table_access_method = \"heap\";";
        assert_eq!(next(&moved).as_deref(), Some(expected));
        assert_eq!(next(&moved), None);
        assert_eq!(next(&plain).as_deref(), Some("SET default_tablespace = '';"));
    }
}
