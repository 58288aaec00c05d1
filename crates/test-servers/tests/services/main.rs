//! Tests of the servers, the proxy, the sample databases and the fakes.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod fakes;
mod faults;
mod servers;
