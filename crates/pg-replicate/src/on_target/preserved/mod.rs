//! What analysts had, and a replacement takes away: views, functions and other objects of other roles, grants and
//! default privileges. It is written down in the transaction that drops it, and given back after the copy.

mod capture;
mod give_back;
mod object;
mod store;

pub use capture::capture;
pub(crate) use capture::default_privileges;
pub use give_back::{give_back, give_back_at_once, give_back_within};
pub use object::{Preserved, SCHEMA};
pub(crate) use store::{find, obstacle, save};
