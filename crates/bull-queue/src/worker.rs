//! Running a queue's jobs under apalis. One file per role, see the README.

mod backend;
mod capture;
mod check;
mod close;
mod context;
mod core;
mod event;
mod failure;
mod finish;
mod lock;
mod options;
mod outage;
mod panic;
mod persistence;
mod place;
mod pump;
mod running;
mod vigil;
mod wake;

pub use backend::BullBackend;
pub use context::{Interrupted, JobContext, Unretryable};
pub use event::{Observer, WorkerEvent};
pub use options::{InterruptedPolicy, WorkerOptions};
pub(crate) use wake::subscribe;
