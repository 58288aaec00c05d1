//! A queue, with the operations of programs and operators. One file per operation.

mod add;
mod add_bulk;
mod arrivals;
mod clean;
mod client;
mod drain;
mod events;
mod interrupted;
mod logs;
mod manual_finish;
mod pause;
mod progress;
mod promote;
mod read;
mod remove;
mod repeat;
mod retry;
mod rights;

pub(crate) use add::AddJob;
pub(crate) use arrivals::subscribe;
pub use client::Queue;
pub use events::QueueEvent;
pub(crate) use interrupted::{DeadJobOutcome, Seen};
pub use logs::Logs;
pub use read::Counts;
pub(crate) use read::Fields;
pub(crate) use repeat::NextError;
pub use rights::Rights;
