//! Locations in object stores: S3 and compatible ones, Azure, Google Cloud, a directory.
//!
//! A URL and the stores' usual environment variables give an [`ObjectPlace`]: a client of the store, and
//! the path in it. All operations are those of the `object_store` crate. Credentials are never shown.

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
