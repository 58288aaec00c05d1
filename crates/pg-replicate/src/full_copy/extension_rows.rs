//! Rows of extensions' own tables that the extensions mark for dumping (`pg_extension_config_dump`).
//!
//! The table stays together with its extension, so it still contains the rows of the last copy: the rows
//! selected by the extension's condition are deleted and loaded again. This happens before all other rows,
//! because rows, generated columns and indexes may look up these rows (PostGIS's reference systems), and a
//! trigger of the extension may protect rows that they refer to (its topologies' layers). If the role may
//! not write to such a table, because the platform created the extension, there is usually nothing to copy
//! either.

use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::failure::Failure;
use crate::archive::RestoreList;
use crate::archive::{Entry, tables_of};
use crate::error::reason;
use crate::full_copy::pg_restore_run;
use crate::full_copy::settings::FullCopy;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::connection::Connection;
use crate::postgres::pg_dump;
use crate::{Error, TableName};
use progress::{Context, ProgressTracker, Weight};

const EXTENSION_TABLE: &str = include_str!("../../sql/extension_table.sql");

/// Replaces the rows of `entries` in the order of the archive, and reports them to `board`; returns the
/// refused ones.
pub(super) async fn restore(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    board: &ProgressTracker,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let mut failures = Vec::new();
    if entries.is_empty() {
        return Ok(failures);
    }
    let name = "pg-replicate restore extensions";
    let target = Connection::open_for(context, &copy.target, name).await?;
    let mut loaded = Vec::new();
    // Rows that refer to others are deleted first and loaded last.
    for entry in entries.iter().rev() {
        let Some(table) = tables_of(entry).into_iter().next() else { continue };
        let has_rows = has_rows(copy, entry, dump, context).await?;
        let found = target.run(context, found(&target, &table)).await?;
        match found {
            Some(found) if found.may_replace => {
                let delete = async { Ok(found.clear(&target, &table).await) };
                if let Err(error) = target.run(context, delete).await? {
                    let mut failure = Failure::of(entry, reason(&error));
                    failure.code = error.code().cloned();
                    failures.push(failure);
                    continue;
                }
            }
            Some(_) if !has_rows => {
                tracing::warn!(
                    "{entry} is left unchanged: the target's role may not write to this extension's table, and the source has added no rows to it"
                );
            }
            None if !has_rows => {
                tracing::warn!(
                    "{entry} is left out: the target has no such extension table, and the source has added no rows to it"
                );
            }
            Some(_) | None => {}
        }
        if has_rows {
            loaded.push(entry.clone());
        }
    }
    loaded.reverse();
    if !loaded.is_empty() {
        failures.extend(
            pg_restore_run::told(copy, &loaded, dump, board, Weight::default(), context).await?,
        );
    }
    Ok(failures)
}

/// An extension's table on the target.
pub(super) struct Found {
    /// `WHERE …`, or empty.
    condition: String,
    pub(super) may_replace: bool,
}

impl Found {
    /// Deletes the rows that are dumped.
    pub(super) async fn clear(
        &self,
        target: &Connection,
        table: &TableName,
    ) -> Result<(), tokio_postgres::Error> {
        let Self { condition, .. } = self;
        target.batch_execute(&format!("DELETE FROM ONLY {} {condition}", table.quoted())).await
    }
}

/// Looks up `table`, if its rows are marked for dumping by an extension.
pub(super) async fn found(target: &Connection, table: &TableName) -> Result<Option<Found>, Error> {
    let row = target.query_opt(EXTENSION_TABLE, &[&table.schema, &table.name]).await;
    let row = row.map_err(|error| target.error(format!("look at {table}"), &error))?;
    Ok(row
        .map(|row| Found { condition: row.get("condition"), may_replace: row.get("may_replace") }))
}

/// Whether the archive contains any row for an entry.
pub(super) async fn has_rows(
    copy: &FullCopy,
    entry: &Entry,
    dump: &Path,
    context: &Context,
) -> Result<bool, Error> {
    let list = RestoreList::write([entry])?;
    let program = Program {
        name: "pg_restore",
        arguments: vec![
            "--data-only".into(),
            "--file=-".into(),
            format!("--use-list={}", list.path().display()),
            "--".into(),
            dump.display().to_string(),
        ],
        url: &copy.target,
        application_name: application_name("restore"),
    };
    let (ended, found) =
        program.pipe(context, |_| {}, async |script| first_row(script).await).await?;
    match found {
        Ok(found) if found || ended.status.success() => Ok(found),
        Ok(_) => Err(pg_dump::failure("pg_restore", &copy.target, &ended)),
        Err(source) => Err(Error::File { action: "read", path: dump.to_owned(), source }),
    }
}

/// Whether a script of pg_restore writes a row, by COPY or INSERT.
async fn first_row(script: impl AsyncRead + Unpin) -> std::io::Result<bool> {
    let mut script = BufReader::new(script);
    let mut line = Vec::new();
    let mut is_copy = false;
    while script.read_until(b'\n', &mut line).await? > 0 {
        if is_copy {
            return Ok(!line.starts_with(b"\\."));
        }
        if line.starts_with(b"INSERT INTO ") {
            return Ok(true);
        }
        is_copy = line.starts_with(b"COPY ");
        line.clear();
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scripts_with_and_without_rows() {
        for (script, expected) in [
            ("--\nSET x = 1;\nCOPY public.t (a) FROM stdin;\n1\n\\.\n", true),
            ("COPY public.t (a) FROM stdin;\n\n\\.\n", true),
            ("COPY public.t (a) FROM stdin;\n\\.\n\n\nCOPY x", false),
            ("INSERT INTO public.t VALUES (1);\n", true),
            ("SET x = 1;\n", false),
        ] {
            assert_eq!(first_row(script.as_bytes()).await.unwrap(), expected, "{script}");
        }
    }
}
