//! What a copy owes to the database that it reads, and what odd sources do not change.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a test may panic")]

mod locks;
mod pooler;
mod races;
mod settings;
mod sql_ascii;
mod standby;
#[path = "../support/mod.rs"]
mod support;
