//! Pipeline: the list of queues and steps, and everything else needed by a program that only uses Redis:
//! reading `.env` and Redis's variables, exit codes, formatting.
//!
//! Independent of all engines, so that `queue-cli` and `restart` link neither object stores nor PostgreSQL.

pub mod config;
pub mod exit;
pub mod human;
pub mod progress_text;
mod retry;
pub mod snapshot_age;
mod step;

pub use retry::RetryPolicy;
pub use step::Step;
