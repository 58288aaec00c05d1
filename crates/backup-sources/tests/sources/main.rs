//! Every source of backups passes one suite; what only one of them does stands in its own module.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

#[path = "../../../shared-steps/tests/steps/captured_log.rs"]
mod captured_log;
mod conformance;
mod downloads;
mod heroku;
mod memory;
mod scalingo;
mod stages;
mod stores;
mod support;
