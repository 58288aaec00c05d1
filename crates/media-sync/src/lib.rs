//! Media from one object store into another: what is new or changed is copied, what is gone is
//! deleted when that is asked for.
//!
//! A run lists both sides in the order of their keys and walks them side by side, so that memory does
//! not grow with their number. What is to be done is written to a temporary file first, weighed
//! (would nearly everything be deleted?) and only then done: copies, several at once, then deletions,
//! if every copy has succeeded. Nothing is kept between runs: what a run that was cut has copied is
//! equal for the next one.
//!
//! Nothing here knows of queues, steps or databases, or shows a credential.

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
