//! The schema: pg_dump's archive of everything except the rows that are copied with COPY.

use std::path::{Path, PathBuf};

use private_files::PrivateDirectory;

use super::tables::Table;
use crate::Error;
use crate::archive::Archive;
use crate::archive::read_archive;
use crate::full_copy::settings::FullCopy;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::exported_snapshot::ExportedSnapshot;
use crate::postgres::identifier::quote_identifier;
use crate::postgres::lock_limits::pg_dump_option;
use crate::postgres::pg_dump::{self, connection_string, failure};
use crate::postgres::session_settings;
use progress::Context;

/// Maximum number of names in one pattern: pg_dump runs one query per pattern, and the server's regular
/// expressions have a limit.
const NAMES_IN_PATTERN: usize = 100;

/// An archive on disk, removed when dropped.
pub(super) struct SchemaArchive {
    pub(super) archive: Archive,
    path: PathBuf,
    _directory: PrivateDirectory,
}

impl SchemaArchive {
    /// Dumps the schema of the source in `snapshot`, its sequence values and the rows of extensions'
    /// tables; no rows of `tables`, no large objects, and nothing of the kept tables.
    pub(super) async fn dump(
        copy: &FullCopy,
        snapshot: &ExportedSnapshot,
        tables: &[Table],
        excluded: &[String],
        directory: &Path,
        context: &Context,
    ) -> Result<Self, Error> {
        let failed =
            |action, path: &Path, source| Error::File { action, path: path.to_owned(), source };
        let directory = PrivateDirectory::create(directory)
            .map_err(|source| failed("create a directory in", directory, source))?;
        let path = directory.path().join("schema.dump");
        // It contains everything in definitions, including the passwords of user mappings.
        private_files::create(&path).map_err(|source| failed("create", &path, source))?;
        let mut arguments = pg_dump::arguments(excluded, &path);
        arguments.extend(without_rows(tables));
        // Newer versions prefer "large objects", older ones only know this.
        arguments.push("--no-blobs".into());
        arguments.push(format!("--snapshot={}", snapshot.id()));
        // Names and definitions are read here, whatever the source's encoding; one that it does not know may be none.
        if !session_settings::is_sql_ascii(&copy.source) {
            arguments.push("--encoding=UTF8".into());
        }
        arguments.push(pg_dump_option(&copy.source));
        arguments.push(format!("--dbname={}", connection_string(&copy.source)));
        let program = Program {
            name: "pg_dump",
            arguments,
            url: &copy.source,
            application_name: application_name("schema"),
        };
        let ended = program.run(context, |line| tracing::debug!("{line}")).await?;
        if !ended.status.success() {
            return Err(failure("pg_dump", &copy.source, &ended));
        }
        let archive = read_archive(&path).await?;
        Ok(Self { archive, path, _directory: directory })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// `--exclude-table-data` for all tables, many in one pattern: `"schema".("a"|"b")`.
fn without_rows(tables: &[Table]) -> Vec<String> {
    let mut names: Vec<_> = tables.iter().map(|table| &table.name).collect();
    names.sort_unstable();
    names
        .chunk_by(|one, other| one.schema == other.schema)
        .flat_map(|schema| schema.chunks(NAMES_IN_PATTERN))
        .map(|some| {
            let names: Vec<String> =
                some.iter().map(|table| quote_identifier(&table.name)).collect();
            let schema = quote_identifier(&some[0].schema);
            format!("--exclude-table-data={schema}.({})", names.join("|"))
        })
        .collect()
}
