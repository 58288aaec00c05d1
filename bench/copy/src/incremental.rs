//! Contestants that add the last tenth of three tables, with their indexes, to a target that already has
//! the rest.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::bare::{self, Piece};
use crate::bench::{Bench, COPY};
use crate::command;
use crate::contestant::Contestant;
use crate::data::{SOURCE, TARGET};

const TABLES: [&str; 3] = ["knowledge-elements", "answers", "knowledge-element-snapshots"];

/// Template of the target database of each run.
const TEMPLATE: &str = "nine_tenths";

/// Creates the database with nine tenths of the rows.
pub(crate) fn prepare(bench: &Bench) -> Result<()> {
    bench.target.psql("postgres", &format!("DROP DATABASE IF EXISTS \"{TEMPLATE}\";"))?;
    bench.target.create_database(TEMPLATE, TARGET)?;
    let url = bench.target.socket_url(TARGET, TEMPLATE);
    let schema = |section: &str| {
        let mut dump = bench.program("pg_dump");
        dump.args(["--schema-only", "--no-owner", "--no-privileges", "--section", section]);
        for table in TABLES {
            dump.arg(format!("--table=\"{table}\""));
        }
        dump.arg(&bench.source_url);
        let sql = dump.output()?;
        ensure!(sql.status.success(), "{}", String::from_utf8_lossy(&sql.stderr));
        Ok(String::from_utf8(sql.stdout)?)
    };
    let own = |sql: &str| {
        bench.target.psql(TEMPLATE, &format!("SET SESSION AUTHORIZATION {TARGET};\n{sql}"))
    };
    own(&schema("pre-data")?)?;
    let mut pieces = VecDeque::new();
    for table in TABLES {
        let last =
            bench.source.psql(SOURCE, &format!("SELECT max(id) * 9 / 10 FROM \"{table}\";"))?;
        let condition = format!("id <= {last}");
        pieces.push_back(Piece { table: format!("\"{table}\""), condition });
    }
    tokio::runtime::Runtime::new()?.block_on(bare::copy(&bench.source_url, &url, pieces, 2))?;
    // The tables that foreign keys refer to are missing.
    let indexes = schema("post-data")?;
    let statements = indexes.split(";\n").filter(|sql| !sql.contains("FOREIGN KEY"));
    own(&statements.collect::<Vec<_>>().join(";\n"))?;
    bench.target.psql(TEMPLATE, "VACUUM (FREEZE, ANALYZE);")?;
    Ok(())
}

/// Resets the target to nine tenths of the rows.
pub(crate) fn reset(bench: &Bench) -> Result<()> {
    bench.target.psql("postgres", &format!("DROP DATABASE IF EXISTS \"{COPY}\";"))?;
    bench.target.psql(
        "postgres",
        &format!("CREATE DATABASE \"{COPY}\" OWNER \"{TARGET}\" TEMPLATE \"{TEMPLATE}\" STRATEGY file_copy;"),
    )?;
    Ok(())
}

/// Adds the rows; returns the duration of each part, in seconds.
pub(crate) fn run(
    bench: &Bench,
    contestant: Contestant,
    scratch: &Path,
) -> Result<Vec<(String, f64)>> {
    if contestant == Contestant::Incremental {
        let mode: Vec<String> = TABLES
            .iter()
            .map(|table| format!("\"{table}\":{{\"mode\":\"incremental\",\"key\":\"id\"}}"))
            .collect();
        let mut command = bench.our_run("incremental", scratch);
        command
            .env("BACKUP_MODE", format!("{{{}}}", mode.join(",")))
            .env("RESTORE_FK_CONSTRAINTS", "false")
            .env("INCREMENTAL_JOBS", "2");
        command::run(command, &bench.log("incremental"))?;
        return Ok(Vec::new());
    }
    for table in TABLES {
        let mut command = Command::new("bash");
        command
            .args(["-o", "pipefail", "-euc", include_str!("../psql_pipe.sh"), "psql_pipe"])
            .arg(bench.target.bin_dir().join("psql"))
            .args([&bench.source_url, &bench.target_url, table]);
        command::run(command, &bench.log("psql-pipe"))?;
    }
    Ok(Vec::new())
}

/// Whether a line of `contents.sql` counts the rows of one of the three tables.
pub(crate) fn is_rows_of_ours(line: &str) -> bool {
    TABLES.iter().any(|table| line.starts_with(&format!("rows|{table}|")))
}
