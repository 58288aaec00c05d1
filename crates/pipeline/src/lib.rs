//! The list of queues and steps, and what a program needs that only talks to Redis: reading `.env` and
//! Redis's variables, exit codes, texts for people.
//!
//! Nothing here depends on an engine: `queue-cli` and `restart` link neither object stores nor PostgreSQL.

pub mod config;
pub mod exit;
pub mod human;
pub mod progress_text;
mod retry;
pub mod snapshot_age;
mod step;

pub use retry::RetryPolicy;
pub use step::Step;
