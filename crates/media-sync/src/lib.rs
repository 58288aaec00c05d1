//! Media sync: copies new and changed objects from one object store to another and, if requested, deletes
//! those that no longer exist in the source.
//!
//! A run reads both listings in key order and in parallel, so that memory does not grow with the number of
//! objects. The actions are first written to a temporary file and checked (would nearly everything be
//! deleted?), then executed: copies, several in parallel, followed by deletions if every copy succeeded. No
//! state is kept between runs: the next run finds the objects copied by an interrupted one unchanged.
//!
//! Independent of queues, steps and databases. Credentials are never shown.

mod attributes;
mod copy;
mod delete;
mod error;
mod listing;
mod open;
mod plan;
mod run;
mod side;
mod spool;
mod streamed;

pub use error::{Error, Failure, OpenError, Which};
pub use plan::{Action, Reason};
pub use run::{MediaSync, Request, Settings};
pub use side::{Kind, Side};
