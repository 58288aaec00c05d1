//! Schema export: one database's schema into another.

use std::time::{Duration, Instant};

use tokio::io::BufReader;

use crate::error::reason;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::connection::Connection;
use crate::postgres::lock_limits::pg_dump_option;
use crate::postgres::pg_dump::{connection_string, failure};
use crate::postgres::same_database;
use crate::postgres::source_locks::Watch;
use crate::postgres::sql_text::Strings;
use crate::psql_script::{Need, Script, ScriptError, Variables, first_line, need};
use crate::{DatabaseUrl, Error};
use progress::{Context, PhaseSummary, Summary};

const APPLICATION: &str = "pg-replicate schema";

/// SQLSTATE of missing privileges.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// SQLSTATEs of objects that are missing or of a different kind: 42703, 42P01, 42704, 42809 and related
/// ones.
const NOT_AS_NAMED: &str = "42";

/// How long a failed export waits for the server's rollback.
const UNDO_LIMIT: Duration = Duration::from_secs(10);

/// Tables, views, functions and everything else except rows, written by pg_dump from one database into
/// another.
#[derive(Clone, Debug)]
pub struct ExportSchema {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written to: objects with the schema's names are dropped there, including rows,
    /// and created again.
    pub target: DatabaseUrl,
}

impl ExportSchema {
    /// Writes the schema in one transaction.
    ///
    /// # Errors
    /// [`Error::Preflight`] if both are the same database, [`Error::Cancelled`], [`Error::Unreachable`],
    /// [`Error::Program`] with pg_dump's errors, [`Error::Database`] with the refused statement. The target
    /// is unchanged in every case.
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
                    let input = BufReader::with_capacity(crate::psql_script::BUFFER, stdout);
                    carry_out(target, Script::new(input, Variables::default(), Strings::Standard))
                        .await
                },
            )
            .await?;
        let objects = match result {
            Err(Ended::Server(error)) => return Err(error),
            _ if !ended.status.success() => {
                return Err(failure("pg_dump", &self.source, &ended));
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

/// Returns the number of created objects.
async fn carry_out<R: tokio::io::AsyncBufRead + Unpin>(
    target: &Connection,
    mut script: Script<R>,
) -> Result<u64, Ended> {
    let mut objects = 0;
    while let Some(item) = script.next().await.map_err(Ended::Script)? {
        let sql = item.text().map_err(Ended::Script)?;
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

/// Executes a statement whose error is forgiven if its SQLSTATE begins with `forgiven`.
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
