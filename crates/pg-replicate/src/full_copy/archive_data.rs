//! Data that comes from the archive in every copy: values of sequences, and rows of extensions' own tables.

use std::path::Path;

use super::failure::Failure;
use super::{FullCopy, extension_rows, pass, statements};
use crate::archive::Entry;
use crate::{Context, Error};

/// Restores `entries`; answers those that were refused.
pub(super) async fn restore(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let of = |kind: &str| entries.iter().filter(|entry| entry.kind == kind).cloned().collect();
    let (sequences, tables): (Vec<Entry>, Vec<Entry>) = (of("SEQUENCE SET"), of("TABLE DATA"));
    let is_other = |entry: &&Entry| !matches!(entry.kind.as_str(), "SEQUENCE SET" | "TABLE DATA");
    let others: Vec<Entry> = entries.iter().filter(is_other).cloned().collect();
    let mut failures = statements::in_order(copy, &sequences, dump, context).await?;
    if !others.is_empty() {
        failures.extend(pass::run(copy, &others, dump, 1, context, |_| {}).await?);
    }
    failures.extend(extension_rows::restore(copy, &tables, dump, context).await?);
    Ok(failures)
}
