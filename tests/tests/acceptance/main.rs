//! The real programs, as a whole. One binary: what the tests share is compiled once.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may panic")]

mod analysts;
mod backup_sources;
mod circles;
mod dependencies;
mod drift;
mod failures;
mod freshness;
mod interop;
mod interruptions;
mod log_analysis;
mod night;
mod operators;
mod review_data;
mod schema_export;
mod snapshots;
mod staging;
mod versions;
