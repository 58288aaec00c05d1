//! Media from one store into another: the same for every store, and what goes wrong.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod cancelled;
mod changing;
mod conformance;
mod faults;
mod memory;
mod odd_keys;
mod s3;
mod support;
mod worlds;
