//! Configuration and the jobs.
//!
//! A job runs over settings and a [`progress::Context`] (progress and cancellation); it knows the name of its
//! queue, and nothing else of it. Which one follows which is defined in [`pipeline::Step`].

pub mod check;
pub mod config;
pub mod drift;
pub mod error;
mod freshness;
pub mod jobs;
pub mod progress_bar;
pub mod redis_check;
pub mod restore;
pub mod review_data;
mod server_check;
pub mod signals;
pub mod summary_table;
mod target_guard;
pub mod telemetry;
pub mod verification;

pub use config::Settings;
pub use error::StepError;
pub use http_requests as http;
