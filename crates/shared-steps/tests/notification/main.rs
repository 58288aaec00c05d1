//! Notifications: webhooks that wiremock plays.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod delivery;
mod failures;
mod support;

#[path = "../common/captured_log.rs"]
mod captured_log;
