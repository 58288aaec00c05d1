//! Where a database is, and who we are there, in libpq's URL syntax.

mod database_url;
mod host;
mod parameters;
mod parse;
mod pass_file;

pub use database_url::{DatabaseUrl, Server, SslMode};
pub use host::{HostName, real_path};
pub use parse::DatabaseUrlError;
