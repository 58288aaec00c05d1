//! Benchmark of the copy against pg_dump and pg_restore, pgcopydb, and the bare limit. Started by `scripts/bench-copy`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the results are printed")]

mod bare;
mod bench;
mod command;
mod contestant;
mod data;
mod full;
mod growth;
mod incremental;
mod processes;
mod record;
mod table;
mod usage;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::contestant::Contestant;

#[derive(Parser)]
#[command(name = "bench-copy", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generates a database and lets everybody copy it in turn
    Compare(Compare),
    /// The rows alone, from one database into the tables of another
    #[command(hide = true)]
    Bare {
        source: String,
        target: String,
        /// Connections to each side
        jobs: usize,
    },
}

/// What is compared, and how often.
#[derive(clap::Args)]
pub(crate) struct Compare {
    /// Size of the generated database: 1 is about 2.4 GB
    #[arg(default_value_t = 0.2)]
    scale: f64,

    /// How often each is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,

    /// Only these
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Contestant>,

    /// Keeps the generated database in this directory, and uses the one that stands there; the programs' logs too
    #[arg(long, value_name = "DIRECTORY")]
    keep: Option<PathBuf>,

    /// Adds the measurements to this file; the tables show all that stand there
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,

    /// Every measurement as JSON instead of the table
    #[arg(long)]
    json: bool,

    /// Connects by TCP instead of the unix sockets
    #[arg(long)]
    tcp: bool,

    /// The program `run` of this workspace, built for release
    #[arg(long, value_name = "PROGRAM")]
    ours: PathBuf,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Compare(compare) => bench::run(&compare),
        Command::Bare { source, target, jobs } => bare::run(&source, &target, jobs),
    }
}
