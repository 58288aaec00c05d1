//! Places in object stores: S3 and what speaks its language, Azure, Google Cloud, a directory.
//!
//! A URL and the stores' usual environment variables make an [`ObjectPlace`]: a client of the store,
//! and the path that the URL names in it. What is done there is the `object_store` crate's business.
//! Nothing here shows a credential.

mod environment;
mod list;
mod place;
mod private;
mod public_read;
mod reason;

pub use list::Listed;
pub use place::{ObjectPlace, PlaceError, StoreLimits};
pub use private::remove_unfinished_files;
pub use reason::{is_unreachable, reason};
