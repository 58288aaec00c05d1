//! Worker: runs a queue's jobs under apalis. One file per role; see the README.

mod backend;
mod completer;
mod concurrency_slot;
mod context;
mod core;
mod event;
mod failure;
mod fetcher;
mod handler_layer;
mod intake;
mod lock;
mod notifier;
mod options;
mod outage;
mod panic;
mod persistence;
mod running;
mod shutdown;
mod stalled_checker;

pub use backend::BullBackend;
pub use context::{Interrupted, JobContext, Unretryable};
pub use event::{Observer, WorkerEvent};
pub use options::{InterruptedPolicy, WorkerOptions};
