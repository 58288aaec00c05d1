//! The table of contents of a pg_dump archive, and its filter.

mod data;
mod entry;
mod filter;
mod on_disk;
mod ownership;
mod reader;
mod restore_list;

pub(crate) use entry::{Entry, Section};
pub(crate) use filter::{Filter, Identity, Reason, Selection};
pub(crate) use on_disk::{inflate, read_archive, read_whole_archive};
pub(crate) use ownership::tables_of;
pub(crate) use reader::Archive;
pub(crate) use restore_list::RestoreList;
