//! Execution of a script on the target, within the load's transaction.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio::io::AsyncBufRead;
use tokio_postgres::CopyInSink;

use super::catalog::{Catalog, Names};
use super::guard::Guard;
use super::loaded::Loaded;
use super::meter::Meter;
use crate::Error;
use crate::postgres::session_settings::SETTINGS as OURS;
use crate::postgres::sql_text::Strings;
use crate::psql_script::{RowsReader, Script, ScriptError, SqlKind, Truncate, Variables};

/// Bytes sent to the server at a time.
const CHUNK: usize = 64 * 1024;

/// The settings with which psql would start: those of the role and the database, without time limits.
const SETTINGS: &str = include_str!("../../sql/load_script_settings.sql");

/// Errors of a script.
#[derive(Debug)]
pub(super) enum Failure {
    /// The script cannot be parsed.
    Script(ScriptError),
    /// The server refused a statement.
    Server(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        Self::Script(error)
    }
}

impl Failure {
    /// As an error that names the file.
    pub(super) fn into_error(self, file: &str) -> Error {
        match self {
            Self::Server(error) => error,
            Self::Script(error) => Error::Configuration(format!("{file}, {error}")),
        }
    }
}

/// A script being executed on the target.
pub(super) struct ScriptRun<'a, R> {
    pub(super) file: &'a str,
    pub(super) script: Script<R>,
    pub(super) guard: &'a Guard<'a>,
    pub(super) catalog: &'a Catalog,
    /// Tables that must stay unchanged.
    pub(super) excluded: &'a BTreeSet<u32>,
    pub(super) meter: Meter<'a>,
}

impl<R: AsyncBufRead + Unpin + Send> ScriptRun<'_, R> {
    /// Executes it to its end; returns what was loaded, and its final variables.
    pub(super) async fn run(mut self) -> Result<(Loaded, Variables), Failure> {
        let mut loaded = Loaded::default();
        let mut names = Names::new(self.catalog);
        self.settings("take the settings of the role", SETTINGS).await?;
        while let Some(item) = self.script.next().await? {
            let (line, strings) = (item.line, item.strings);
            let sql = item.text()?;
            let kind = SqlKind::of(&sql, strings);
            self.statement(line, &sql, kind, &mut names, &mut loaded).await?;
        }
        loaded.bytes = self.script.bytes();
        self.settings(
            "take our settings again",
            &format!("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; {OURS}"),
        )
        .await?;
        Ok((loaded, self.script.into_variables()))
    }

    async fn settings(&self, action: &str, sql: &str) -> Result<(), Failure> {
        let connection = self.guard.connection();
        Ok(connection.batch_execute(sql).await.map_err(|error| connection.error(action, &error))?)
    }

    async fn statement(
        &mut self,
        line: u64,
        sql: &str,
        kind: SqlKind,
        names: &mut Names<'_>,
        loaded: &mut Loaded,
    ) -> Result<(), Failure> {
        let is_excluded =
            |table: Option<u32>| table.is_some_and(|oid| self.excluded.contains(&oid));
        match kind {
            SqlKind::Copy(rows) => {
                let table = names.table(&rows.table);
                if is_excluded(table) {
                    self.leave_out(line, "the table is excluded");
                    return Ok(self.script.skip_rows().await?);
                }
                let count = self.copy(line, sql, table, &rows.table).await?;
                loaded.add(table, count);
                Ok(())
            }
            SqlKind::Insert(rows) => {
                let table = names.table(&rows.table);
                if is_excluded(table) {
                    self.leave_out(line, "the table is excluded");
                    return Ok(());
                }
                let count = self.execute(line, sql).await?;
                loaded.add(table, count);
                Ok(())
            }
            SqlKind::Change(table) if is_excluded(names.table(&table)) => {
                self.leave_out(line, "the table is excluded");
                Ok(())
            }
            SqlKind::Truncate(truncate) => match self.truncate(&truncate, names) {
                Some(sql) => self.execute(line, &sql).await.map(drop),
                None => self.execute(line, sql).await.map(drop),
            },
            SqlKind::Sequence(set) => {
                let sequence = names.sequence(&set);
                let owner = sequence.and_then(|sequence| sequence.owner.as_ref());
                if is_excluded(owner.map(|(table, _)| *table)) {
                    self.leave_out(line, "the sequence is an excluded table's");
                    return Ok(());
                }
                self.execute(line, sql).await?;
                loaded.sequences.extend(sequence.map(|sequence| sequence.name.clone()));
                Ok(())
            }
            SqlKind::SearchPath(path) => {
                names.set_path(path);
                self.execute(line, sql).await.map(drop)
            }
            SqlKind::LeftOut(reason) => {
                self.leave_out(line, reason);
                Ok(())
            }
            SqlKind::Refused(reason) => Err(ScriptError { line, reason, is_cut: false }.into()),
            SqlKind::Change(_) | SqlKind::Other => self.execute(line, sql).await.map(drop),
        }
    }

    fn leave_out(&self, line: u64, reason: &str) {
        tracing::debug!(line, "{}, line {line}: left out: {reason}", self.file);
    }

    /// The statement without excluded tables; `None` if no table is left.
    fn truncate(&self, truncate: &Truncate, names: &Names<'_>) -> Option<String> {
        let tables: Vec<u32> =
            truncate.tables.iter().filter_map(|name| names.table(name)).collect();
        let left: Vec<String> = tables
            .iter()
            .filter(|table| !self.excluded.contains(table))
            .map(|table| self.catalog.quoted(*table))
            .collect();
        if left.len() == tables.len() {
            return None;
        }
        if left.is_empty() {
            return Some(String::new());
        }
        Some(format!("TRUNCATE {}{}", left.join(", "), truncate.options))
    }

    /// Executes a statement; returns the number of rows written.
    async fn execute(&mut self, line: u64, sql: &str) -> Result<u64, Failure> {
        let action = self.action(line, sql);
        let (rows, strings) = self.guard.run(&action, sql).await?;
        self.agree(line, strings)?;
        self.meter.read(self.script.bytes(), None);
        Ok(rows)
    }

    /// The preflight parsed the script according to what the script itself says about backslashes, and so
    /// does this run.
    fn agree(&self, line: u64, strings: Strings) -> Result<(), Failure> {
        if strings == self.script.strings() {
            return Ok(());
        }
        let reason = "the statement changes standard_conforming_strings where that cannot be foreseen: set it with SET standard_conforming_strings = …";
        Err(ScriptError { line, reason: reason.into(), is_cut: false }.into())
    }

    /// Values may be personal, so only the first words are shown.
    fn action(&self, line: u64, sql: &str) -> String {
        let words: Vec<&str> = sql.split_whitespace().take(3).collect();
        format!("{}, line {line}: {}", self.file, words.join(" "))
    }

    async fn copy(
        &mut self,
        line: u64,
        sql: &str,
        table: Option<u32>,
        name: &[String],
    ) -> Result<u64, Failure> {
        let shown = table.map_or_else(|| name.join("."), |oid| self.catalog.display(oid));
        let action = format!("{}, line {line}: COPY {shown}", self.file);
        let connection = self.guard.connection();
        let failed = |error| connection.error(action.as_str(), &error);
        let object = table.map_or(shown, |oid| self.catalog.full_name(oid));
        let object = self.meter.table(&object);
        let sink: CopyInSink<Bytes> = connection.copy_in(sql).await.map_err(failed)?;
        let mut sink = std::pin::pin!(sink);
        let mut reader = RowsReader::default();
        let mut rows = BytesMut::with_capacity(2 * CHUNK);
        loop {
            let goes_on = self.script.rows(&mut reader, &mut rows).await?;
            if (rows.len() >= CHUNK || !goes_on) && !rows.is_empty() {
                let bytes = rows.len() as u64;
                if sink.send(rows.split().freeze()).await.is_err() {
                    // The error is reported at the end.
                    break;
                }
                self.meter.read(self.script.bytes(), Some((&object, bytes)));
            }
            if !goes_on {
                break;
            }
        }
        let rows = sink.finish().await.map_err(failed)?;
        object.end(rows);
        let strings = self.guard.look(&action).await?;
        self.agree(line, strings)?;
        Ok(rows)
    }
}
