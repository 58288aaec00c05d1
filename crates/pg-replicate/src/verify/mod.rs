//! Verification: whether the target holds what the source holds, table by table, computed by the servers.
//!
//! Compares the tables that a copy copies or updates, each partition separately: the number of rows, or the
//! whole content by its [`fingerprint`](crate::fingerprint). Tables of mode `none`, and tables and columns
//! that only the target has, are ignored.

mod compare;
mod partitions;
mod promise;
pub(crate) mod report;

use crate::phase_shares;
use crate::{BackupMode, DatabaseUrl, Error};
use progress::{Context, Summary};

pub(crate) use compare::Comparison;
pub(crate) use promise::Scope;
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

/// Compares the tables that a copy with `mode` has copied, at most `jobs` at a time; each uses one
/// connection per side, in addition to one per side for all. One phase, `verification`, or none with
/// [`Verify::None`].
///
/// `snapshot`: of the source, exported by a transaction that stays open, so that later changes of the
/// source make no difference; otherwise the source's current state.
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
    let (scope, renaming) = (Scope::Copied, None);
    let sides = Comparison { source, target, mode, scope, verify, jobs, snapshot, renaming };
    run_copied(sides, context).await
}

/// [`run`] with all that can be chosen.
pub(crate) async fn run_copied(sides: Comparison<'_>, context: &Context) -> Result<Summary, Error> {
    if sides.verify == Verify::None {
        return Ok(Summary::default());
    }
    tracing::info!("Start verification");
    conclude(sides.run(phase_shares::VERIFICATION, context).await?)
}

/// [`run`] for the tables that an incremental copy has just updated, in its snapshot. A difference is not
/// an error if the table's mode does not promise equality.
pub(crate) async fn run_updated(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    mode: &BackupMode,
    verify: Verify,
    jobs: u16,
    snapshot: &str,
    context: &Context,
) -> Result<Summary, Error> {
    if verify == Verify::None {
        return Ok(Summary::default());
    }
    tracing::info!("Start verification");
    let (scope, snapshot, renaming) = (Scope::Updated, Some(snapshot), None);
    let sides = Comparison { source, target, mode, scope, verify, jobs, snapshot, renaming };
    conclude(sides.run(phase_shares::UPDATED_VERIFICATION, context).await?)
}

/// The result of a comparison in a job.
fn conclude(report: VerifyReport) -> Result<Summary, Error> {
    let facts = report.compared_tables();
    for table in report.allowed() {
        tracing::warn!(
            table = table.table,
            "differs, which its mode in BACKUP_MODE allows: {table}"
        );
    }
    for table in report.hidden() {
        tracing::warn!(
            table = table.table,
            "not compared: row-level security hides rows of the target from its owner"
        );
    }
    for table in report.tables.iter().filter(|table| table.outcome == Outcome::Unlogged) {
        tracing::warn!(table = table.table, "not compared: {}", crate::postgres::unlogged::REASON);
    }
    if !report.is_equal() {
        return Err(Error::Verification(report));
    }
    tracing::info!(tables = report.compared(), "Verification done");
    let mut summary = report.summary;
    summary.facts.compared = facts;
    Ok(summary)
}

/// [`run`] with the source's current state, comparing the whole content unless `verify` is
/// [`Verify::Counts`], including incremental tables; a difference is not an error.
///
/// # Errors
/// As [`run`], except [`Error::Verification`].
pub async fn compare(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    mode: &BackupMode,
    verify: Verify,
    jobs: u16,
    context: &Context,
) -> Result<VerifyReport, Error> {
    let (scope, snapshot, renaming) = (Scope::All, None, None);
    let sides = Comparison { source, target, mode, scope, verify, jobs, snapshot, renaming };
    sides.run((0.0, 100.0), context).await
}
