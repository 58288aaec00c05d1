//! Data that is restored from the archive in every copy, in addition to rows: sequence values.

use std::path::Path;

use super::failure::Failure;
use crate::Error;
use crate::archive::Entry;
use crate::full_copy::settings::FullCopy;
use crate::full_copy::{pg_restore_run, statements};
use progress::{Context, ProgressTracker, Weight};

/// Restores `entries`, with the total `weight`, and reports them to `board`; returns the refused ones.
pub(super) async fn restore(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    board: &ProgressTracker,
    weight: Weight,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let (sequences, others): (Vec<Entry>, Vec<Entry>) =
        entries.iter().cloned().partition(|entry| entry.kind == "SEQUENCE SET");
    let mut failures = statements::in_order(copy, &sequences, dump, board, weight, context).await?;
    if !others.is_empty() {
        failures.extend(
            pg_restore_run::told(copy, &others, dump, board, Weight::default(), context).await?,
        );
    }
    Ok(failures)
}
