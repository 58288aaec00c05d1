//! Snapshots of a real PostgreSQL in every kind of store, and everything that goes wrong with them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod archives;
mod changes;
mod conformance;
mod damage;
mod faults;
mod interruptions;
mod memory;
mod pruning;
mod s3;
mod support;
mod versions;
