//! Command lines of `run load-data` and `run export-data`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;
use clap::error::{Error as ClapError, ErrorKind};
use pg_replicate::load::{LoadSource, parse_table};
use pg_replicate::{DatabaseUrl, TableName};
use shared_steps::review_data::{ExportRequest, LoadRequest};

/// Parses a value with a function whose errors do not repeat it, because a URL may contain a password.
#[derive(Clone)]
struct RedactedParser<T>(fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for RedactedParser<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, ClapError> {
        let name = argument.and_then(clap::Arg::get_long).unwrap_or_default();
        let read = match value.to_str() {
            Some(text) => (self.0)(text),
            None => Err("must be text in UTF-8".to_owned()),
        };
        read.map_err(|reason| {
            ClapError::raw(ErrorKind::ValueValidation, format!("--{name}: {reason}\n"))
                .with_cmd(command)
        })
    }
}

fn source(text: &str) -> Result<LoadSource, String> {
    text.parse()
}

fn database(text: &str) -> Result<DatabaseUrl, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn table(text: &str) -> Result<TableName, String> {
    parse_table(text).ok_or_else(|| {
        format!("\"{text}\" names no table: must be a table of public (migrations), or another schema's (stats.runs)")
    })
}

/// Arguments of `run load-data`.
#[derive(Args, Debug, Clone)]
pub struct LoadDataArgs {
    /// A database URL, a dump made by pg_dump --format=custom, or an SQL file, also from standard input
    /// (-); several are loaded in order; by default SOURCE_DATABASE_URL
    #[arg(long, value_name = "URL|FILE|-", num_args = 1.., value_parser = RedactedParser(source))]
    from: Vec<LoadSource>,

    /// Tables that keep their rows, whatever the sources contain
    #[arg(long, value_name = "TABLE", num_args = 1.., value_parser = RedactedParser(table))]
    exclude_table: Vec<TableName>,

    /// Do not empty the tables first; the sources do it, or rows are added
    #[arg(long)]
    no_truncate: bool,

    /// Columns that only the target has take their default instead of being refused
    #[arg(long)]
    allow_new_columns: bool,
}

impl From<&LoadDataArgs> for LoadRequest {
    fn from(arguments: &LoadDataArgs) -> Self {
        Self {
            from: arguments.from.clone(),
            excluded: arguments.exclude_table.clone(),
            truncates: !arguments.no_truncate,
            allows_new_columns: arguments.allow_new_columns,
        }
    }
}

/// Arguments of `run export-data`.
#[derive(Args, Debug, Clone)]
pub struct ExportDataArgs {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// The database to read; by default SOURCE_DATABASE_URL
    #[arg(long, value_name = "URL", value_parser = RedactedParser(database))]
    from: Option<DatabaseUrl>,

    /// Tables that are left out
    #[arg(long, value_name = "TABLE", num_args = 1.., value_parser = RedactedParser(table))]
    exclude_table: Vec<TableName>,

    /// Let the file empty the tables first, for psql; load-data does this itself
    #[arg(long)]
    truncate: bool,
}

impl From<&ExportDataArgs> for ExportRequest {
    fn from(arguments: &ExportDataArgs) -> Self {
        Self {
            from: arguments.from.clone(),
            file: arguments.file.clone(),
            excluded: arguments.exclude_table.clone(),
            truncates: arguments.truncate,
        }
    }
}
