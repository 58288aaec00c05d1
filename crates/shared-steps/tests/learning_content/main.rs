//! Learning content: a content API that wiremock plays, a real PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod answers;
mod loading;
mod readers;
mod requests;
mod stream;
mod support;

#[path = "../common/captured_log.rs"]
mod captured_log;
