//! The jobs, one folder each. Everything else reads this list.

pub mod full_replication;
pub(crate) mod incremental;
mod job;
pub mod learning_content;
pub mod media_sync;
pub mod notification;
pub(crate) mod schema_export;
pub mod snapshot;

use pipeline::Step;

use crate::Settings;
pub use full_replication::FullReplicationJob;
pub use incremental::IncrementalReplicationJob;
pub use job::{Attempt, Job, JobSchedule};
pub use learning_content::LearningContentJob;
pub use media_sync::MediaSyncJob;
pub use notification::NotificationJob;
pub use schema_export::SchemaExportJob;
pub use snapshot::SnapshotJob;

/// Every job, in the order of [`Step::all`].
pub const ALL: [&dyn Job; 7] = [
    &FullReplicationJob,
    &IncrementalReplicationJob,
    &LearningContentJob,
    &NotificationJob,
    &SchemaExportJob,
    &SnapshotJob,
    &MediaSyncJob,
];

/// The jobs that a worker with these settings takes.
pub fn enabled(settings: &Settings) -> impl Iterator<Item = &'static dyn Job> {
    ALL.into_iter().filter(|job| job.ensure_enabled(settings).is_ok())
}

/// Whether a worker with these settings takes the jobs of `step`.
///
/// # Errors
/// Which variable is missing.
pub fn ensure_enabled(step: Step, settings: &Settings) -> Result<(), &'static str> {
    let job = ALL.into_iter().find(|job| job.step() == step);
    job.map_or(Err("no job has this step"), |job| job.ensure_enabled(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_job() {
        assert!(ALL.into_iter().map(Job::step).eq(Step::all()));
    }
}
