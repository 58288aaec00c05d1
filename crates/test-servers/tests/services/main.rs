//! The servers, the proxy and the demo's parts that tests start.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod demo_parts;
mod faults;
mod servers;
