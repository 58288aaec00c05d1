//! Our part of `scripts/bench-queue`, and its driver.
//!
//! `bench_queue compare` starts a private Redis and lets this program (`bench_queue measure`), Bull
//! and BullMQ (`bench/queue/measure.mjs`) take turns on it, each in a process of its own.
//! `bench_queue soak` watches the memory of one worker over many jobs.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, reason = "a program")]

mod compare;
mod measure;
mod soak;
mod stopwatch;
mod table;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tokio::runtime;

use measure::Measure;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures all three in turn and prints medians and ratios.
    Compare {
        /// How often each is measured.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Jobs per measurement.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
        jobs: u32,
        /// Where measure.mjs stands beside its node_modules; ours alone is measured without it.
        #[arg(long)]
        node: Option<PathBuf>,
    },
    /// Runs many jobs in one worker on a private Redis and prints its memory.
    Soak {
        /// How many jobs.
        #[arg(long, default_value_t = 1_000_000)]
        jobs: u32,
        #[arg(long, default_value_t = 10)]
        concurrency: usize,
    },
    /// One measurement of ours; prints one line of JSON.
    Measure {
        measure: Measure,
        port: u16,
        queue: String,
        jobs: u32,
        concurrency: usize,
        /// On a runtime with one thread, as Node.js has, instead of the worker's own.
        #[arg(long)]
        one_thread: bool,
    },
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let command = Arguments::parse().command;
    let mut runtime = match command {
        Command::Measure { one_thread: true, .. } => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(run(command))
}

async fn run(command: Command) -> Outcome<()> {
    match command {
        Command::Compare { rounds, jobs, node } => {
            compare::run(rounds, jobs, node.as_deref()).await
        }
        Command::Soak { jobs, concurrency } => soak::run(jobs, concurrency).await,
        Command::Measure { measure, port, queue, jobs, concurrency, .. } => {
            let result = measure::run(measure, port, &queue, jobs, concurrency).await?;
            println!("{}", serde_json::to_string(&result)?);
            Ok(())
        }
    }
}
