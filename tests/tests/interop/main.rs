//! The queue beside the real Node.js programs: bull 4.16.5, bull-repl 0.27.2, bull-board's API.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may panic")]

mod board;
mod content;
mod differences;
mod dotenv;
mod install;
mod night;
mod node;
mod operations;
mod ours;
mod real_worker;
mod repl;
mod running;
mod scenario;
