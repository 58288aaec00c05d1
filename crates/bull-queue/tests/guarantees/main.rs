//! The guarantees of the queue, each provoked on a real Redis. One file per guarantee.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may panic")]

mod clock_changes;
mod dst;
mod exclusive;
mod failing;
mod interrupted;
mod killed;
mod layout;
mod lost_reply;
mod operating;
mod outage;
mod repeating;
mod retrying;
mod rights;
mod running;
mod sentinel;
mod successor;
mod support;
mod tls;
