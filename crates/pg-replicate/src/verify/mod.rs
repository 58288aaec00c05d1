//! Whether the target holds what the source holds, table by table, computed by the servers.
//!
//! Compared are the tables that a full copy copies, each partition on its own: the number of rows, or
//! the whole content by its [`fingerprint`](crate::fingerprint). Tables that are left alone by the copy
//! are not looked at, nor are tables that only the target has, nor columns that only the target has.

mod families;
mod report;
mod sides;

use crate::context::share;
use crate::{BackupMode, Context, DatabaseUrl, Error, Summary};

pub use report::{Content, Outcome, TableReport, VerifyReport};

/// What is compared after a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Nothing.
    #[default]
    None,
    /// The number of rows of each table.
    Counts,
    /// The content of each table.
    Checksums,
}

/// Compares the tables that a copy with `mode` has copied, at most `jobs` at a time; each takes a
/// connection on either side, besides one on either side for all. One phase, `verification`, or none
/// at all with [`Verify::None`].
///
/// `snapshot`: of the source, exported by a transaction that stays open, so that what went on there
/// since the copy is no difference; without it, the source as it is now.
///
/// # Errors
/// [`Error::Verification`] with every table that differs or is missing; [`Error::Cancelled`],
/// [`Error::Unreachable`], [`Error::Database`] with the table that could not be read.
pub async fn run(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    mode: &BackupMode,
    verify: Verify,
    jobs: u16,
    snapshot: Option<&str>,
    context: &Context,
) -> Result<Summary, Error> {
    if verify == Verify::None {
        return Ok(Summary::default());
    }
    tracing::info!("Start verification");
    let sides = sides::Comparison { source, target, mode, verify, jobs, snapshot };
    let report = sides.run(share::VERIFICATION, context).await?;
    for table in report.hidden() {
        tracing::warn!(
            table = table.table,
            "not compared: row-level security hides rows of the target from its owner"
        );
    }
    if !report.is_equal() {
        return Err(Error::Verification(report));
    }
    tracing::info!(tables = report.tables.len(), "Verification done");
    Ok(report.summary)
}

/// As [`run`], of the whole content unless `verify` is [`Verify::Counts`], with the source as it is now;
/// a difference is no error.
///
/// # Errors
/// As [`run`], but for [`Error::Verification`].
pub async fn compare(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    mode: &BackupMode,
    verify: Verify,
    jobs: u16,
    context: &Context,
) -> Result<VerifyReport, Error> {
    let sides = sides::Comparison { source, target, mode, verify, jobs, snapshot: None };
    sides.run((0.0, 100.0), context).await
}
