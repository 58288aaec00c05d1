//! Check of disk space.

use std::path::Path;

use progress::size_in_words;

use crate::error::Error;

/// Returns an error if there is not enough room for `what`.
pub(crate) fn enough(directory: &Path, bytes: u64, what: &str) -> Result<(), Error> {
    // If the free space cannot be determined, writing to the directory will show the error.
    let Some(free) = private_files::free_space(directory) else { return Ok(()) };
    if free >= bytes {
        return Ok(());
    }
    Err(Error::Space {
        directory: directory.to_owned(),
        what: what.into(),
        free: size_in_words(free),
        wanted: size_in_words(bytes),
    })
}
