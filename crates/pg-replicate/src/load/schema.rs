//! One database's schema into another.

use std::time::{Duration, Instant};

use tokio::io::BufReader;

use super::script::{Script, ScriptError, Variables};
use crate::error::reason;
use crate::full_copy::{connection_string, failure};
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::connection::Connection;
use crate::postgres::same_database;
use crate::postgres::source_locks::{Watch, pg_dump_option};
use crate::postgres::sql_text::{Cursor, Strings};
use crate::{DatabaseUrl, Error};
use progress::PhaseSummary;
use progress::{Context, Summary};

const APPLICATION: &str = "pg-replicate schema";

/// The SQLSTATE of what an ordinary role may not do.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// Those of what is not there, or is something else: 42703, 42P01, 42704, 42809 and their kin.
const NOT_AS_NAMED: &str = "42";

/// How long a failed export waits for the server to undo it.
const UNDO_LIMIT: Duration = Duration::from_secs(10);

/// Tables, views, functions and all else but rows, written by pg_dump from one database into another.
#[derive(Clone, Debug)]
pub struct ExportSchema {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written: what the schema names is dropped there, rows included, and made
    /// anew.
    pub target: DatabaseUrl,
}

/// What a statement of pg_dump's is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It must succeed.
    Must,
    /// An ordinary role may be refused; nothing that holds data needs it.
    May,
    /// It prepares the dropping of an older object, which may lack what it names; the dropping itself
    /// must succeed.
    Clearing,
    /// It is left out.
    Not,
}

impl ExportSchema {
    /// Writes the schema, in one transaction.
    ///
    /// # Errors
    /// [`Error::Preflight`] when both are one database, [`Error::Cancelled`],
    /// [`Error::Unreachable`], [`Error::Program`] with pg_dump's errors, [`Error::Database`] with the
    /// statement that was refused. The target is as it was in every case.
    pub async fn run(&self, context: &Context) -> Result<Summary, Error> {
        let start = Instant::now();
        context.check()?;
        let source = Connection::open_for(context, &self.source, APPLICATION).await?;
        let target = Connection::open_for(context, &self.target, APPLICATION).await?;
        same_database::refuse(&source, &target).await?;
        let work = target.run(context, self.write(&target, context));
        let result = Watch::new(&source, &context.sessions).during(work, None).await;
        if result.is_err() && !context.cancel.is_cancelled() {
            let _ = tokio::time::timeout(UNDO_LIMIT, target.batch_execute("ROLLBACK")).await;
        }
        let objects = result?;
        Ok(PhaseSummary { objects, ..PhaseSummary::ended("export schema", start) }.into())
    }

    async fn write(&self, target: &Connection, context: &Context) -> Result<u64, Error> {
        let execute = async |sql: &str, action: &str| {
            target.batch_execute(sql).await.map_err(|error| target.error(action, &error))
        };
        execute("BEGIN", "begin the export of the schema").await?;
        let program = Program {
            name: "pg_dump",
            arguments: vec![
                "--schema-only".into(),
                "--no-owner".into(),
                "--no-privileges".into(),
                "--clean".into(),
                "--if-exists".into(),
                "--no-password".into(),
                "--encoding=UTF8".into(),
                pg_dump_option(&self.source),
                format!("--dbname={}", connection_string(&self.source)),
            ],
            url: &self.source,
            application_name: application_name("schema"),
        };
        let (ended, result) = program
            .pipe(
                context,
                |line| tracing::debug!("{line}"),
                async |stdout| {
                    let input = BufReader::with_capacity(super::BUFFER, stdout);
                    carry_out(target, Script::new(input, Variables::default(), Strings::Standard))
                        .await
                },
            )
            .await?;
        let objects = match result {
            Err(Ended::Server(error)) => return Err(error),
            _ if !ended.status.success() => {
                return Err(failure("pg_dump", &self.source, &ended).await);
            }
            Err(Ended::Script(error)) => {
                return Err(Error::Configuration(format!("pg_dump's output, {error}")));
            }
            Ok(objects) => objects,
        };
        execute("COMMIT", "commit the export of the schema").await?;
        Ok(objects)
    }
}

enum Ended {
    Script(ScriptError),
    Server(Error),
}

/// Answers how many objects were made.
async fn carry_out<R: tokio::io::AsyncBufRead + Unpin>(
    target: &Connection,
    mut script: Script<R>,
) -> Result<u64, Ended> {
    let mut objects = 0;
    while let Some(item) = script.next().await.map_err(Ended::Script)? {
        let line = item.line;
        let sql = item
            .sql
            .map_err(|reason| Ended::Script(ScriptError { line, reason, is_cut: false }))?;
        let name = first_line(&sql);
        let sent = match need(&sql) {
            Need::Not => continue,
            Need::Must => target.batch_execute(&sql).await,
            Need::May => optional(target, &sql, &name, INSUFFICIENT_PRIVILEGE).await,
            Need::Clearing => optional(target, &sql, &name, NOT_AS_NAMED).await,
        };
        sent.map_err(|error| Ended::Server(target.error(name.as_str(), &error)))?;
        objects += u64::from(sql.starts_with("CREATE "));
    }
    Ok(objects)
}

/// Runs what may be refused with an SQLSTATE that begins with `forgiven`.
async fn optional(
    target: &Connection,
    sql: &str,
    name: &str,
    forgiven: &str,
) -> Result<(), tokio_postgres::Error> {
    target.batch_execute("SAVEPOINT optional").await?;
    match target.batch_execute(sql).await {
        Ok(()) => target.batch_execute("RELEASE SAVEPOINT optional").await,
        Err(error) if error.code().is_some_and(|code| code.code().starts_with(forgiven)) => {
            tracing::warn!("Left out: {name}: {}", reason(&error));
            target.batch_execute("ROLLBACK TO SAVEPOINT optional").await
        }
        Err(error) => Err(error),
    }
}

pub(super) fn need(sql: &str) -> Need {
    let mut at = Cursor::of_head(sql, 20, Strings::Standard);
    let at = &mut at;
    if at.eat(&["DROP", "EXTENSION"]) || at.eat(&["SET", "transaction_timeout"]) {
        // It would take with it what uses it, and CREATE … IF NOT EXISTS comes next; an older server
        // does not know the setting.
        return Need::Not;
    }
    if at.eat(&["ALTER", "TABLE", "IF", "EXISTS"]) {
        return Need::Clearing;
    }
    let is_public = |at: &mut Cursor<'_>| at.name().is_some_and(|name| name == "public");
    if at.eat(&["DROP", "SCHEMA"]) {
        at.eat(&["IF", "EXISTS"]);
        return if is_public(at) { Need::Not } else { Need::Must };
    }
    if at.eat(&["CREATE", "SCHEMA"]) {
        return if is_public(at) { Need::Not } else { Need::Must };
    }
    let _ = at.eat(&["COMMENT", "ON"])
        || at.eat(&["CREATE"])
        || at.eat(&["ALTER"])
        || at.eat(&["DROP"]);
    for words in [
        &["EXTENSION"][..],
        &["EVENT", "TRIGGER"],
        &["PUBLICATION"],
        &["SUBSCRIPTION"],
        &["SCHEMA"],
        &["LANGUAGE"],
    ] {
        if at.eat(words) {
            return Need::May;
        }
    }
    Need::Must
}

pub(super) fn first_line(sql: &str) -> String {
    sql.lines().next().unwrap_or_default().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_ordinary_role_may_be_refused() {
        for (sql, wanted) in [
            ("DROP EXTENSION IF EXISTS pgcrypto", Need::Not),
            ("CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public", Need::May),
            ("COMMENT ON EXTENSION pgcrypto IS 'x'", Need::May),
            ("COMMENT ON SCHEMA public IS 'x'", Need::May),
            ("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", Need::May),
            ("DROP SCHEMA IF EXISTS public", Need::Not),
            ("CREATE SCHEMA public", Need::Not),
            ("CREATE SCHEMA stats", Need::Must),
            ("SET transaction_timeout = 0", Need::Not),
            ("ALTER TABLE IF EXISTS public.a ALTER COLUMN id DROP DEFAULT", Need::Clearing),
            ("ALTER TABLE ONLY public.a ALTER COLUMN id SET DEFAULT 1", Need::Must),
            ("CREATE TRIGGER t AFTER INSERT ON public.a EXECUTE FUNCTION f()", Need::Must),
            ("COMMENT ON TABLE public.a IS 'x'", Need::Must),
        ] {
            assert_eq!(need(sql), wanted, "{sql}");
        }
    }
}
