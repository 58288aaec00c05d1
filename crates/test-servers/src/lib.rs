//! Private PostgreSQL and Redis servers on free ports, and fakes of HTTP APIs, for the tests and the demo.
//!
//! Every server has a temporary directory (in memory if there is room), listens only on 127.0.0.1, and is
//! stopped and removed when its value is dropped, even if the test panics. After a SIGKILL of the test,
//! the kernel ends the server (`setpriv --pdeathsig`), and the next server that is started removes its
//! directory. Start servers from the test's own thread, not from a spawned task.
//!
//! [`Proxy`] forwards to a server and breaks connections on request; [`wait_for`] waits for a condition
//! with a limit; [`sample`] is a source database shaped like Pix's; [`fakes`] are fakes of HTTP APIs.
//!
//! PostgreSQL refuses to run as root; in that case the servers run as `postgres` (or `nobody`).

mod error;
pub mod fakes;
mod launch;
mod postgres;
mod processes;
mod proxy;
mod redis;
pub mod sample;
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
