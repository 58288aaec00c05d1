//! Room on the disk.

use std::path::Path;

use progress::size_in_words;

use crate::error::Error;

/// Refuses to write so many bytes of `what` where there is no room for them.
pub(crate) fn enough(directory: &Path, bytes: u64, what: &str) -> Result<(), Error> {
    // A directory that cannot be asked shows what is wrong with it when it is written.
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
