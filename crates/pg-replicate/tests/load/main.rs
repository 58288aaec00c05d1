//! Data of databases, dumps and scripts into tables that are there already: all or nothing.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a test may panic")]

mod common;
mod databases;
mod dumps;
mod errors;
mod escapes;
mod excluded;
mod foreign_keys;
mod interruptions;
mod log;
mod psql;
mod scripts;
mod sequences;
mod streams;
#[path = "../support/mod.rs"]
mod support;
