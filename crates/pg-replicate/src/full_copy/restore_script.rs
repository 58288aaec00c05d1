//! Restore of a plain dump of a whole database into an empty one.

use std::path::Path;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio::fs::File;
use tokio::io::{AsyncBufRead, BufReader};

use super::extension_rows;
use super::failure::Failure;
use super::restore_plan::cannot_create;
use super::settings::{ForeignKeys, FullCopy};
use super::statements::{log_class, missing_roles};
use crate::archive::Entry;
use crate::error::reason;
use crate::full_copy::failure_policy::FailurePolicy;
use crate::full_copy::script_entry::Entries;
use crate::phase_shares;
use crate::postgres::connection::Connection;
use crate::postgres::sql_text::Strings;
use crate::psql_script::{Need, RowsReader, Script, ScriptError, SqlKind, Variables, need};
use crate::{Error, ObjectFailure, TableName};
use progress::{Context, PhaseSummary, ProgressTracker, Summary, Weight};

const APPLICATION: &str = "pg-replicate restore";

/// Bytes sent to the server at a time.
const CHUNK: usize = 64 * 1024;

/// Executes the script that pg_dump has written to `file`. Each statement is a transaction of its own, as
/// in pg_restore: refused ones are reported at the end, and the others are executed. The failure policy is
/// the same as for an archive.
pub(crate) async fn run(copy: &FullCopy, file: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start restore Backup");
    context.check()?;
    let (script, bytes) = open(file).await?;
    let target = Connection::open_for(context, &copy.target, APPLICATION).await?;
    tracing::info!(bytes, "Start restore");
    let board = context.tracker("restore", phase_shares::RESTORE, Weight::cost(bytes));
    let restore = Restore {
        target: &target,
        foreign_keys: copy.foreign_keys,
        board: &board,
        script,
        objects: 0,
        entries: Entries::default(),
        policy: FailurePolicy::of_script(),
        failures: Vec::new(),
    };
    let work = async {
        restore.run().await.map_err(|ended| match ended {
            Ended::Script(error) => unreadable(file, &error),
            Ended::Server(error) => error,
        })
    };
    let (objects, failures) = target.run(context, work).await?;
    if target.is_closed() {
        let reason = failures.last().map(ToString::to_string).unwrap_or_default();
        return Err(Error::Unreachable { url: copy.target.to_string(), reason });
    }
    if !failures.is_empty() {
        return Err(Error::Restore(failures));
    }
    let slowest = board.finish().slowest;
    tracing::info!("Restore done");
    tracing::info!(objects, bytes, "End restore Backup");
    let phase = PhaseSummary { objects, bytes, ..PhaseSummary::ended("restore", start) };
    Ok(Summary { phases: vec![phase], slowest, ..Summary::default() })
}

/// The script in `file`, and its bytes.
pub(super) async fn open(file: &Path) -> Result<(Script<BufReader<File>>, u64), Error> {
    let failed = |source| Error::File { action: "read", path: file.to_owned(), source };
    let input = File::open(file).await.map_err(failed)?;
    let bytes = input.metadata().await.map_err(failed)?.len();
    let input = BufReader::with_capacity(crate::psql_script::BUFFER, input);
    Ok((Script::new(input, Variables::default(), Strings::Standard), bytes))
}

pub(super) fn unreadable(file: &Path, error: &ScriptError) -> Error {
    let reason = format!("the script of pg_dump cannot be read: {error}");
    Error::Archive { path: file.to_owned(), reason }
}

enum Ended {
    Script(ScriptError),
    Server(Error),
}

impl From<ScriptError> for Ended {
    fn from(error: ScriptError) -> Self {
        Self::Script(error)
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

struct Restore<'a, R> {
    target: &'a Connection,
    foreign_keys: ForeignKeys,
    board: &'a ProgressTracker,
    script: Script<R>,
    objects: u64,
    entries: Entries,
    policy: FailurePolicy<'static>,
    failures: Vec<ObjectFailure>,
}

impl<R: AsyncBufRead + Unpin> Restore<'_, R> {
    /// Returns the number of created objects, and those that could not be created.
    async fn run(mut self) -> Result<(u64, Vec<ObjectFailure>), Ended> {
        while let Some(item) = self.script.next().await? {
            let strings = item.strings;
            let sql = item.text()?;
            if let SqlKind::Copy(rows) = SqlKind::of(&sql, strings) {
                self.copy(&sql, &rows.table).await?;
                continue;
            }
            let Some(sql) = self.wanted(&sql) else { continue };
            self.execute(&sql).await?;
            if self.target.is_closed() {
                break;
            }
        }
        Ok((self.objects, self.failures))
    }

    async fn execute(&mut self, sql: &str) -> Result<(), Error> {
        let entry = self.entries.next(sql);
        // In an archive, this is part of the refused entry.
        if sql.starts_with("ALTER EVENT TRIGGER ") && !entry.dependencies.is_empty() {
            return Ok(());
        }
        if entry.kind == "EXTENSION"
            && let Some(reason) = cannot_create(self.target, &entry.tag).await?
        {
            tracing::warn!(object = %entry, "{entry} is left out: {reason}");
            self.policy.leave_out(entry.id);
            self.entries.refused(&entry);
            return Ok(());
        }
        match self.target.batch_execute(sql).await {
            Ok(()) => self.objects += u64::from(sql.starts_with("CREATE ")),
            Err(error) => self.refused(&entry, &error).await?,
        }
        Ok(())
    }

    async fn refused(&mut self, entry: &Entry, error: &tokio_postgres::Error) -> Result<(), Error> {
        let mut failure = Failure::of(entry, reason(error));
        failure.code = error.code().cloned();
        failure.missing_roles = missing_roles(&**self.target, entry, failure.code.as_ref())
            .await
            .map_err(|error| self.target.error("look for roles", &error))?;
        self.entries.refused(entry);
        self.failures.extend(log_class(self.policy.classify_entry(entry, &failure)));
        Ok(())
    }

    /// The statement to execute, if any.
    fn wanted(&self, sql: &str) -> Option<String> {
        if need(sql) == Need::Not {
            return None;
        }
        if !is_foreign_key(sql) {
            return Some(sql.to_owned());
        }
        match self.foreign_keys {
            ForeignKeys::Without => None,
            ForeignKeys::NotValid => Some(format!("{sql} NOT VALID")),
            ForeignKeys::Validated => Some(sql.to_owned()),
        }
    }

    async fn copy(&mut self, sql: &str, name: &[String]) -> Result<(), Ended> {
        let table = &name.join(".");
        if let [schema, name] = name
            && let Err(error) = self.clear(&TableName::new(schema, name)).await?
        {
            self.failed(format!("TABLE DATA {table}"), &error);
            return Ok(self.script.skip_rows().await?);
        }
        let object = self.board.start("TABLE DATA", table, Weight::cost(0));
        let sink = match self.target.copy_in::<_, Bytes>(sql).await {
            Ok(sink) => sink,
            Err(error) => {
                self.failed(format!("TABLE DATA {table}"), &error);
                return Ok(self.script.skip_rows().await?);
            }
        };
        let mut sink = std::pin::pin!(sink);
        let (mut reader, mut rows) = (RowsReader::default(), BytesMut::with_capacity(2 * CHUNK));
        let mut is_refused = false;
        while self.script.rows(&mut reader, &mut rows).await? {
            if rows.len() >= CHUNK {
                object.advance(0, rows.len() as u64);
                // The error is reported at the end; the rest is read and ignored.
                let rows = rows.split().freeze();
                is_refused = is_refused || sink.send(rows).await.is_err();
            }
        }
        if !is_refused {
            // As above.
            let _ = sink.send(rows.freeze()).await;
        }
        match sink.finish().await {
            Ok(rows) => object.end(rows),
            Err(error) => self.failed(format!("TABLE DATA {table}"), &error),
        }
        Ok(())
    }

    /// An extension that stays has the rows of the last copy in its tables.
    async fn clear(&self, table: &TableName) -> Result<Result<(), tokio_postgres::Error>, Error> {
        match extension_rows::found(self.target, table).await? {
            Some(found) if found.may_replace => Ok(found.clear(self.target, table).await),
            _ => Ok(Ok(())),
        }
    }

    fn failed(&mut self, object: String, error: &tokio_postgres::Error) {
        self.failures.push(ObjectFailure { object, message: reason(error) });
    }
}

/// `ALTER TABLE ONLY public.a ADD CONSTRAINT a_b_fkey FOREIGN KEY …`, as pg_dump writes it.
fn is_foreign_key(sql: &str) -> bool {
    let adds = |line: &str| {
        line.trim_start().starts_with("ADD CONSTRAINT ") && line.contains(" FOREIGN KEY (")
    };
    sql.starts_with("ALTER TABLE ") && sql.lines().any(adds)
}

#[cfg(test)]
mod tests {
    use super::is_foreign_key;

    #[test]
    fn foreign_keys_are_told_from_other_constraints() {
        let add = |constraint: &str| {
            format!("ALTER TABLE ONLY public.a\n    ADD CONSTRAINT {constraint}")
        };
        assert!(is_foreign_key(&add("a_b_fkey FOREIGN KEY (b) REFERENCES public.b(id)")));
        assert!(is_foreign_key(&add("\"a b\" FOREIGN KEY (b) REFERENCES public.b(id)")));
        for other in ["a_pkey PRIMARY KEY (id)", "a_check CHECK ((b > 1))"] {
            assert!(!is_foreign_key(&add(other)), "{other}");
        }
        assert!(!is_foreign_key("ALTER TABLE public.a OWNER TO b"));
    }
}
