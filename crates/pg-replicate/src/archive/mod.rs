//! The table of contents of a pg_dump archive, and what of it is restored.

mod data;
mod entry;
mod filter;
mod ownership;
mod reader;

pub(crate) use entry::{Entry, Section};
pub(crate) use filter::{Filter, Identity, Reason, Selection};
pub(crate) use ownership::tables_of;
pub(crate) use reader::{Archive, read, read_whole};
