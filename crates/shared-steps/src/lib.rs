//! Configuration, the pipeline and its steps.
//!
//! A step is a plain async function over settings and a [`progress::Context`] (progress and
//! cancellation); it does not know that a queue exists. Which step follows which stands in
//! [`pipeline`] and nowhere else.

pub mod check;
pub mod config;
pub mod dump_store;
pub mod error;
pub mod learning_content;
pub mod notification;
pub mod progress_bar;
pub mod redis_check;
pub mod signals;
pub mod snapshot_age;
pub mod snapshot_table;
pub mod steps;
pub mod summary_table;
pub mod telemetry;
pub mod verify_table;

pub use config::Settings;
pub use error::StepError;
pub use http_requests as http;
