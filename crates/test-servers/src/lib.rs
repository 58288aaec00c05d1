//! Private PostgreSQL servers and Redis on free ports, for the demo and the tests.
//!
//! Every server lives in a temporary directory (in memory where there is room), listens on 127.0.0.1
//! only, and is gone when its value is dropped, also when the test panics. After a SIGKILL of the
//! test the kernel ends the server (`setpriv --pdeathsig`), and whoever starts the next one removes
//! its directory: start servers from the test's own thread, not from a spawned task.
//!
//! [`Proxy`] stands before a server and breaks its connections on purpose; [`wait_for`] waits for a
//! condition with a limit.
//!
//! [`platforms`] answer as the places do that backups come from, and fail on purpose.
//!
//! PostgreSQL refuses to run as root; there the servers run as `postgres` (or `nobody`).

pub mod demo;
mod error;
mod launch;
pub mod platforms;
mod postgres;
mod processes;
mod proxy;
mod redis;
mod scratch;
mod sentinel;
pub mod versions;
mod wait;

pub use error::Error;
pub use launch::free_port;
pub use postgres::{PostgresOptions, PostgresServer};
pub use proxy::Proxy;
pub use redis::{RedisOptions, RedisServer};
pub use sentinel::RedisSentinel;
pub use wait::{wait_for, wait_for_async};
