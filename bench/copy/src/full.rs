//! Contestants that copy the whole database.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::bench::Bench;
use crate::command;
use crate::contestant::Contestant;

/// Number of indexes that the enrichment creates.
pub(crate) const ENRICHMENT: usize = 4;

/// The enrichment script used by both.
const ENRICHMENT_FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/pg-replicate/sql/enrichment.sql");

/// Connections to each side of the bare limit.
const BARE_JOBS: &str = "2";

/// Copies; returns the duration of each part, in seconds.
pub(crate) fn run(
    bench: &Bench,
    contestant: Contestant,
    scratch: &Path,
) -> Result<Vec<(String, f64)>> {
    let mut parts = Vec::new();
    for (name, command) in commands(bench, contestant, scratch)? {
        let start = Instant::now();
        command::run(command, &bench.log(&format!("{}-{name}", contestant.name())))?;
        parts.push((name.to_owned(), start.elapsed().as_secs_f64()));
    }
    Ok(parts)
}

fn commands(
    bench: &Bench,
    contestant: Contestant,
    scratch: &Path,
) -> Result<Vec<(&'static str, Command)>> {
    let backup = scratch.join("backup");
    let dump = |arguments: &[&str]| {
        let mut command = bench.program("pg_dump");
        command
            .args(arguments)
            .args(["--no-owner", "--no-privileges"])
            .args(["--exclude-schema", "information_schema", "--exclude-schema", "^pg_*"])
            .arg("--file")
            .arg(&backup)
            .arg(&bench.source_url);
        ("dump", command)
    };
    let restore = |jobs: &str| {
        let mut command = bench.program("pg_restore");
        command.args(["--no-owner", "--jobs", jobs, "--dbname", &bench.target_url]).arg(&backup);
        ("restore", command)
    };
    let ours = |step: &str, method: &str| {
        let mut command = bench.our_run(step, scratch);
        command.env("BACKUP_METHOD", method);
        ("copy", command)
    };
    Ok(match contestant {
        Contestant::Today => vec![dump(&["--format=c"]), restore("4")],
        Contestant::TodayEnriched => {
            let mut enrich = bench.program("psql");
            enrich
                .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", ENRICHMENT_FILE])
                .arg(&bench.target_url);
            vec![dump(&["--format=c"]), restore("4"), ("enrichment", enrich)]
        }
        Contestant::Directory => vec![dump(&["--format=d", "--jobs=2"]), restore("2")],
        Contestant::Pgcopydb => {
            let mut command = Command::new("pgcopydb");
            command
                .args(["clone", "--no-owner", "--no-acl"])
                .args(["--source", &bench.source_url, "--target", &bench.target_url])
                .arg("--dir")
                .arg(scratch.join("pgcopydb"))
                .env("TMPDIR", scratch);
            vec![("clone", command)]
        }
        Contestant::Ours => vec![ours("backup-restore", "live")],
        Contestant::OursArchive => vec![ours("backup-restore", "archive")],
        Contestant::OursEnriched => vec![ours("full-replication", "live")],
        Contestant::Bare => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["bare", &bench.source_url, &bench.target_url, BARE_JOBS]);
            vec![("rows", command)]
        }
        Contestant::PsqlPipe | Contestant::Incremental => bail!("no full copy"),
    })
}

/// Creates the source's tables on the target, without indexes and constraints.
pub(crate) fn create_tables(bench: &Bench, scratch: &Path) -> Result<()> {
    let schema = scratch.join("schema");
    let mut dump = bench.program("pg_dump");
    dump.args(["--format=c", "--schema-only", "--no-owner", "--no-privileges", "--file"])
        .arg(&schema)
        .arg(&bench.source_url);
    command::run(dump, &bench.log("schema-dump"))?;
    let mut restore = bench.program("pg_restore");
    restore.args(["--no-owner", "--section=pre-data", "--dbname", &bench.target_url]).arg(&schema);
    command::run(restore, &bench.log("schema-restore"))?;
    std::fs::remove_file(schema)?;
    Ok(())
}
