//! Exit codes of every binary; docs/exit-codes.md explains them to operators.

/// Everything asked for was done.
pub const DONE: u8 = 0;
/// The job, or the check, failed.
pub const FAILED: u8 = 1;
/// The command line or the configuration is wrong; nothing was done.
pub const USAGE: u8 = 2;
/// A server (Redis, PostgreSQL, the content API) could not be reached.
pub const UNREACHABLE: u8 = 3;
/// Ended by SIGTERM or SIGINT while a job was running.
pub const INTERRUPTED: u8 = 4;
