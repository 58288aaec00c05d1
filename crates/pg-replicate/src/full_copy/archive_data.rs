//! Data that comes from the archive in every copy, beside the rows: values of sequences.

use std::path::Path;

use super::failure::Failure;
use super::{FullCopy, pass, statements};
use crate::archive::Entry;
use crate::{Context, Error};

/// Restores `entries`; answers those that were refused.
pub(super) async fn restore(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let (sequences, others): (Vec<Entry>, Vec<Entry>) =
        entries.iter().cloned().partition(|entry| entry.kind == "SEQUENCE SET");
    let mut failures = statements::in_order(copy, &sequences, dump, context).await?;
    if !others.is_empty() {
        failures.extend(pass::run(copy, &others, dump, 1, context, |_| {}).await?);
    }
    Ok(failures)
}
