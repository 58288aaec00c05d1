//! Learning content: a content API that wiremock plays, a real PostgreSQL.

mod answers;
mod loading;
mod memory;
mod readers;
mod requests;
mod stream;
mod support;
