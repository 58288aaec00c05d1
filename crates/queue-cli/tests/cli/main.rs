//! The program as operators meet it, on a real Redis.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod actions;
mod analyze_logs;
mod lists;
mod refusals;
mod sessions;
mod streams;
mod support;
mod terminal;
