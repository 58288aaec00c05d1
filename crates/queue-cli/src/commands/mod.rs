//! One file a command.

pub(crate) mod failed;
pub(crate) mod get;
pub(crate) mod logs;
pub(crate) mod retry;
pub(crate) mod stats;
