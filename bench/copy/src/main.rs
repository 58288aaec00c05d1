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
    /// Generates a database and copies it with each program in turn
    Compare(Compare),
    /// Copies only the rows, from one database into the tables of another
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

    /// Number of measurements of each
    #[arg(long, default_value_t = 5)]
    rounds: u32,

    /// Only these
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Contestant>,

    /// Keep the generated database and the programs' logs in this directory, and reuse a database that is
    /// already there
    #[arg(long, value_name = "DIRECTORY")]
    keep: Option<PathBuf>,

    /// Append the measurements to this file; the tables show everything in it
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,

    /// Print every measurement as JSON instead of the tables
    #[arg(long)]
    json: bool,

    /// Connect by TCP instead of Unix sockets
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
