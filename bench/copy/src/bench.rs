//! Benchmark: the servers, and the order of the measurements.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use test_servers::PostgresServer;

use crate::contestant::Contestant;
use crate::data::{self, PASSWORD, SOURCE, TARGET};
use crate::record::{self, Record};
use crate::usage::Meter;
use crate::{Compare, full, growth, incremental, table};

/// The target database.
pub(crate) const COPY: &str = "copy";

/// The servers and files that every contestant uses.
pub(crate) struct Bench {
    pub(crate) source: PostgresServer,
    pub(crate) target: PostgresServer,
    pub(crate) source_url: String,
    pub(crate) target_url: String,
    /// The content of the source, from `contents.sql`.
    contents: String,
    /// The program `run`.
    pub(crate) ours: PathBuf,
    /// Directory for the output of the contestants' programs; only the last output of each is kept.
    logs: PathBuf,
    _temporary: Option<TempDir>,
}

/// Runs the benchmark and prints the results.
pub(crate) fn run(arguments: &Compare) -> Result<()> {
    let all: Vec<Contestant> = Contestant::value_variants().to_vec();
    let wanted = if arguments.only.is_empty() { &all } else { &arguments.only };
    let taking_part: Vec<Contestant> =
        wanted.iter().copied().filter(|contestant| is_installed(*contestant)).collect();
    let ours = arguments.ours.canonicalize().with_context(|| {
        format!("{} is missing: scripts/bench-copy builds it", arguments.ours.display())
    })?;

    let source = data::source(arguments.scale, arguments.keep.as_deref())?;
    let target = data::server(None)?;
    target.create_role(TARGET, PASSWORD)?;
    eprintln!("{}", data::describe(&source)?);
    let url = |server: &PostgresServer, role: &str, database: &str| match arguments.tcp {
        true => server.url(role, PASSWORD, database),
        false => server.socket_url(role, database),
    };
    let (logs, temporary) = match &arguments.keep {
        Some(directory) => (directory.join("logs"), None),
        None => {
            let temporary = TempDir::with_prefix("bench-copy-logs-")?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    std::fs::create_dir_all(&logs)?;
    let bench = Bench {
        source_url: url(&source, SOURCE, SOURCE),
        target_url: url(&target, TARGET, COPY),
        contents: contents(&source, SOURCE)?,
        source,
        target,
        ours,
        logs,
        _temporary: temporary,
    };
    if taking_part.iter().any(|contestant| contestant.is_incremental()) {
        incremental::prepare(&bench)?;
    }

    let mut records = match &arguments.results {
        Some(path) => record::read(path)?,
        None => Vec::new(),
    };
    if !taking_part.is_empty() && arguments.rounds > 0 {
        // The first copy would read the source's pages from disk, and use untouched memory on the target.
        bench.measure(Contestant::Bare, arguments.scale).context("warm up")?;
    }
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for contestant in &taking_part {
            let record =
                bench.measure(*contestant, arguments.scale).with_context(|| contestant.name())?;
            eprintln!("  {} {}", contestant.name(), serde_json::to_string(&record)?);
            if let Some(path) = &arguments.results {
                record::append(path, &record)?;
            }
            records.push(record);
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&records)?);
        return Ok(());
    }
    let here: Vec<Record> =
        records.iter().filter(|record| record.is_of(arguments.scale)).cloned().collect();
    let show = |contestants: &[Contestant], baselines: &[_]| {
        if here.iter().any(|record| contestants.contains(&record.contestant)) {
            println!("{}\n", table::render(&here, contestants, baselines));
        }
        if let Some(growth) = growth::render(&records, contestants) {
            println!("{growth}\n");
        }
    };
    let (increments, full): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|contestant| contestant.is_incremental());
    let baselines: [table::Baseline; 2] =
        [("× Node.js", Contestant::baseline), ("× pgcopydb", Contestant::pgcopydb)];
    show(&full, &baselines);
    show(&increments, &baselines[..1]);
    Ok(())
}

fn is_installed(contestant: Contestant) -> bool {
    let is_there = contestant != Contestant::Pgcopydb
        || Command::new("pgcopydb").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("pgcopydb is not installed (Debian's package pgcopydb): left out");
    }
    is_there
}

/// Rows, indexes, constraints and sequences of a database, one per line.
fn contents(server: &PostgresServer, database: &str) -> Result<String> {
    Ok(server.psql(database, include_str!("../sql/contents.sql"))?)
}

impl Bench {
    fn measure(&self, contestant: Contestant, scale: f64) -> Result<Record> {
        let scratch = TempDir::with_prefix("bench-copy-")?;
        if contestant.is_incremental() {
            incremental::reset(self)?;
        } else {
            self.target.psql("postgres", &format!("DROP DATABASE IF EXISTS \"{COPY}\";"))?;
            self.target.create_database(COPY, TARGET)?;
        }
        if contestant == Contestant::Bare {
            full::create_tables(self, scratch.path())?;
        }
        for server in [&self.source, &self.target] {
            server.psql("postgres", "CHECKPOINT;")?;
        }
        let pid = |server: &PostgresServer| server.pid().context("the server does not run");
        let meter = Meter::start([pid(&self.source)?, pid(&self.target)?], scratch.path());
        let parts = match contestant.is_incremental() {
            true => incremental::run(self, contestant, scratch.path()),
            false => full::run(self, contestant, scratch.path()),
        };
        let usage = meter.stop()?;
        let parts = parts?;
        self.check(contestant).context("the copy is wrong")?;
        Ok(Record { scale, contestant, usage, parts })
    }

    /// Checks that the target equals the source.
    fn check(&self, contestant: Contestant) -> Result<()> {
        let found = contents(&self.target, COPY)?;
        let wants = |line: &&str| match contestant {
            Contestant::Bare => line.starts_with("rows|"),
            contestant if contestant.is_incremental() => incremental::is_rows_of_ours(line),
            _ => true,
        };
        let lines: Vec<&str> = found.lines().collect();
        for line in self.contents.lines().filter(wants) {
            ensure!(lines.contains(&line), "the target lacks: {line}");
        }
        let more = lines.len().saturating_sub(self.contents.lines().count());
        match contestant {
            Contestant::TodayEnriched | Contestant::OursEnriched if more != full::ENRICHMENT => {
                Err(anyhow!("{more} indexes of the enrichment, wanted {}", full::ENRICHMENT))
            }
            _ => Ok(()),
        }
    }

    /// A PostgreSQL client program of the servers' version.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.target.bin_dir().join(name))
    }

    /// Path for the output of a contestant's program.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(name)
    }

    /// The program `run` with this workspace's settings, in an otherwise empty environment.
    pub(crate) fn our_run(&self, step: &str, scratch: &Path) -> Command {
        let mut command = Command::new(&self.ours);
        let mut path = vec![self.target.bin_dir().to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        command
            .arg(step)
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap_or_default())
            // Prevents a .env file from being read.
            .env("NODE_ENV", "production")
            .env("TMPDIR", scratch)
            .env("BACKUP_DIRECTORY", scratch)
            .env("SOURCE_DATABASE_URL", &self.source_url)
            .env("DATABASE_URL", &self.target_url)
            .env("TARGET_DATABASE_URL", &self.target_url)
            .current_dir(scratch);
        command
    }
}
