//! Worker of all queues.
//!
//! [`run`] assembles the parts: for each step of the pipeline, a queue's backend (`bull-queue`) under an
//! apalis worker that runs the step (`shared-steps`), and the schedule (`scheduler`).

pub mod data_commands;
mod events;
mod failures;
mod handler;
pub mod health;
mod job_reporter;
pub mod media_command;
mod run_report;
mod runtime;
pub mod snapshot_commands;

pub use runtime::{Ended, run};
