//! Source of a load: an archive, read by pg_restore.

use std::path::{Path, PathBuf};

use tokio::io::BufReader;

use super::catalog::Names;
use super::guard::Guard;
use super::loaded::Loaded;
use super::meter::Meter;
use super::script_run::{Failure, ScriptRun};
use crate::archive::{Archive, Entry, RestoreList, read_archive};
use crate::load::preflight::Preflight;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::pg_dump::failure;
use crate::postgres::sql_text::Strings;
use crate::psql_script::{Rows, Script, SqlKind, Variables};
use crate::{DatabaseUrl, Error, TableName};
use progress::{Context, ProgressTracker, Weight};

/// An archive whose table of contents was read.
pub(super) struct DumpSource {
    path: PathBuf,
    /// For people.
    name: String,
    /// The entries to restore, in an order that satisfies foreign keys.
    list: RestoreList,
    tables: usize,
    /// Size of the file.
    bytes: u64,
}

impl DumpSource {
    /// Reads the table of contents, and compares its tables with the target's.
    pub(super) async fn look(
        path: &Path,
        name: &str,
        preflight: &mut Preflight<'_>,
    ) -> Result<Self, Error> {
        let archive = read_archive(path).await?;
        let names = Names::new(preflight.catalog);
        let (mut tables, mut others) = (Vec::new(), Vec::new());
        let mut holds_large_objects = false;
        for entry in &archive.entries {
            match entry.kind.as_str() {
                "TABLE DATA" => {
                    let rows = rows(&archive, entry);
                    if let Some(oid) = names.table(&rows.table) {
                        if !preflight.excluded.contains(&oid) {
                            tables.push((oid, entry, rows));
                        }
                    } else {
                        preflight.rows(name, &names, &rows, true);
                    }
                }
                "SEQUENCE SET" if !is_of_excluded(preflight, entry) => others.push(entry),
                "BLOB" | "BLOBS" | "BLOB METADATA" => holds_large_objects = true,
                _ => {}
            }
        }
        let mut oids: Vec<u32> = tables.iter().map(|(oid, ..)| *oid).collect();
        oids.sort_unstable();
        oids.dedup();
        let order = preflight.catalog.in_order(&oids);
        tables.sort_by_key(|(oid, ..)| order.iter().position(|other| other == oid));
        for (_, _, rows) in &tables {
            preflight.rows(name, &names, rows, true);
        }
        let entries: Vec<&Entry> =
            tables.iter().map(|(_, entry, _)| *entry).chain(others).collect();
        let list = RestoreList::write(entries)?;
        if holds_large_objects {
            tracing::warn!("{name} holds large objects: they are left out");
        }
        let bytes = std::fs::metadata(path).map(|file| file.len()).unwrap_or_default();
        Ok(Self { path: path.to_owned(), name: name.to_owned(), list, tables: tables.len(), bytes })
    }

    /// Its weight in the progress.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Has pg_restore write the data as a script, and executes it.
    pub(super) async fn run(
        &self,
        url: &DatabaseUrl,
        guard: &Guard<'_>,
        preflight: &Preflight<'_>,
        context: &Context,
        board: &ProgressTracker,
    ) -> Result<Loaded, Error> {
        let program = Program {
            name: "pg_restore",
            arguments: vec![
                "--data-only".into(),
                "--no-owner".into(),
                "--no-privileges".into(),
                format!("--use-list={}", self.list.path().display()),
                "--file=-".into(),
                "--".into(),
                self.path.display().to_string(),
            ],
            url,
            application_name: application_name("load"),
        };
        let file = self.name.clone();
        // The size of a table in the file is unknown.
        let weight = Weight::cost(self.bytes / self.tables.max(1) as u64);
        let (ended, result) = program
            .pipe(
                context,
                |line| tracing::debug!("{line}"),
                async move |stdout| {
                    let script = Script::new(
                        BufReader::with_capacity(crate::psql_script::BUFFER, stdout),
                        Variables::default(),
                        preflight.catalog.strings,
                    );
                    let run = ScriptRun {
                        file: &file,
                        script,
                        guard,
                        catalog: preflight.catalog,
                        excluded: &preflight.excluded,
                        meter: Meter::of_tables(board, weight),
                    };
                    run.run().await
                },
            )
            .await?;
        match result {
            Err(Failure::Server(error)) => Err(error),
            Err(Failure::Script(error)) if ended.status.success() || !error.is_cut => {
                Err(Failure::Script(error).into_error(&self.name))
            }
            _ if !ended.status.success() => Err(failure("pg_restore", url, &ended)),
            Ok((loaded, _)) => Ok(loaded),
            Err(error) => Err(error.into_error(&self.name)),
        }
    }
}

/// The table and its columns, from its COPY statement in the archive.
fn rows(archive: &Archive, entry: &Entry) -> Rows {
    match archive.copies.get(&entry.id).map(|copy| SqlKind::of(copy, Strings::Standard)) {
        Some(SqlKind::Copy(rows)) => rows,
        _ => Rows {
            table: entry.schema.iter().chain([&entry.tag]).cloned().collect(),
            columns: None,
        },
    }
}

fn is_of_excluded(preflight: &Preflight<'_>, entry: &Entry) -> bool {
    let name = TableName::new(entry.schema.clone().unwrap_or_default(), entry.tag.as_str());
    let owner = preflight.catalog.sequence(&name).and_then(|sequence| sequence.owner.as_ref());
    owner.is_some_and(|(table, _)| preflight.excluded.contains(table))
}
