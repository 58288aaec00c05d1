//! What the steps and their configuration do, seen from outside. One binary: what the tests share is
//! compiled once.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod captured_log;
mod configuration;
mod learning_content;
mod notification;
mod report;
mod sample_env;
