//! Ranges of a step's progress, in percent, for each phase, derived from the published production run
//! (backup 1 h 27, restore 8 h 51, enrichment 1 h 39).

pub(crate) const BACKUP: (f64, f64) = (0.0, 12.0);
pub(crate) const DROP: (f64, f64) = (12.0, 13.0);
pub(crate) const RESTORE: (f64, f64) = (13.0, 86.0);
pub(crate) const LIVE_SCHEMA: (f64, f64) = (0.0, 1.0);
pub(crate) const LIVE_DROP: (f64, f64) = (1.0, 2.0);
pub(crate) const LIVE_COPY: (f64, f64) = (2.0, 86.0);
pub(crate) const VERIFICATION: (f64, f64) = (86.0, 90.0);
pub(crate) const ENRICHMENT: (f64, f64) = (90.0, 100.0);
/// A publication comes last.
pub(crate) const PUBLICATION: (f64, f64) = (100.0, 100.0);
/// Ranges of the incremental step.
pub(crate) const UPDATED_VERIFICATION: (f64, f64) = (100.0, 100.0);
pub(crate) const INCREMENTAL: (f64, f64) = (0.0, 100.0);
