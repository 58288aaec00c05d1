//! What a configuration means.

use std::time::Duration;

use backup_sources::Fetcher;
use bull_queue::{InterruptedPolicy, RedisUrl};
use pg_replicate::shell::ShellCommand;
use pg_replicate::{BackupMode, DatabaseUrl, Verify};
use pipeline::RetryPolicy;
use pipeline::config::{Errors, Findings};

use super::copy::CopySettings;
use super::options::{self, Options};
use super::schedule::ScheduleSettings;
use crate::jobs::full_replication::dump_store::DumpStore;
use crate::jobs::incremental::settings::IncrementalSettings;
use crate::jobs::learning_content::settings::LearningContentSettings;
use crate::jobs::media_sync::settings::MediaSettings;
use crate::jobs::notification::entry::Notification;
use crate::jobs::schema_export::settings::SchemaExportSettings;
use crate::jobs::snapshot::settings::SnapshotSettings;
use crate::telemetry::TelemetrySettings;

/// A configuration in which every value is usable.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Redis.
    pub redis_url: RedisUrl,
    /// When the night starts.
    pub schedule: ScheduleSettings,
    /// How often a job is tried.
    pub retry: RetryPolicy,
    /// A warning is due when the attempts of one job last longer.
    pub retries_timeout: Duration,
    /// What becomes of a job that was cut.
    pub interrupted: InterruptedPolicy,
    /// How backups are fetched; without, the source itself is copied.
    pub backup_source: Option<Fetcher>,
    /// The database copied.
    pub source: DatabaseUrl,
    /// Whether `SOURCE_DATABASE_URL` names it: there is none otherwise.
    pub has_source: bool,
    /// The database that full replication, enrichment and learning content write.
    pub target: DatabaseUrl,
    /// The database that incremental replication writes.
    pub incremental_target: DatabaseUrl,
    /// Tables that are not copied whole, or not as they are.
    pub mode: BackupMode,
    /// Whether values of rows are left out of the errors of PostgreSQL.
    pub hides_values: bool,
    /// How the source is copied whole.
    pub copy: CopySettings,
    /// Where dumps stand.
    pub dumps: DumpStore,
    /// What is run on the target after a restore.
    pub after_restore: Option<ShellCommand>,
    /// How an incremental replication copies.
    pub incremental: IncrementalSettings,
    /// The content API.
    pub learning_content: LearningContentSettings,
    /// Webhooks.
    pub notifications: Vec<Notification>,
    /// The daily export of the schema.
    pub schema_export: SchemaExportSettings,
    /// Snapshots of the source.
    pub snapshots: SnapshotSettings,
    /// Why there is no target, for a program that only takes snapshots: nothing else may be done.
    pub without_target: Option<String>,
    /// Media from one object store into another, if they are named.
    pub media: Option<MediaSettings>,
    /// Logs.
    pub telemetry: TelemetrySettings,
    /// What is usable, but perhaps not what was meant; to be logged at start.
    pub warnings: Vec<String>,
}

impl Options {
    /// What the options mean.
    ///
    /// # Errors
    /// All that is wrong, what is in `findings` included.
    pub(super) fn settings(self, mut findings: Findings) -> Result<Settings, Errors> {
        let settings = self.read(&mut findings);
        findings.finish(settings)
    }

    /// Everything is read whatever is wrong with the rest: `?` comes only after the last of it.
    fn read(self, findings: &mut Findings) -> Option<Settings> {
        let (queues, databases, copy) = (self.queues, self.databases, self.copy);
        let redis_url = queues.redis.read(findings);
        let has_source = !databases.source_database_url.is_default;
        let backup_source = self.backup_source.fetcher(findings, has_source);
        let copies_source = matches!(backup_source, Some(None));
        let takes_snapshots_only =
            self.snapshots.has_store() && copies_source && databases.are_without_target();
        let without_target = takes_snapshots_only.then(|| databases.reason_without_target());
        match &without_target {
            Some(reason) => findings.warnings.push(format!(
                "{reason}: this program only takes snapshots, and leaves the nightly run to others"
            )),
            None => databases.guard_targets(findings),
        }
        if !copies_source && copy.verify != Verify::None {
            findings.warnings.push(
                "VERIFY has no effect, for BACKUP_SOURCE is not live: the source is not asked"
                    .into(),
            );
        }
        let after_restore = self.after_restore.command(&databases.database_url, options::names());
        let notifications = self.notifications.entries(findings);
        let schema_export = self.schema_export.settings(findings, &databases);
        let snapshots = self.snapshots.settings(findings, &databases.protected_hosts, &copy);
        let media =
            self.media.settings(findings, &databases.protected_hosts, &copy.backup_directory);
        let telemetry = self.telemetry.settings(findings);

        let retries_timeout = Duration::from_secs(60 * queues.retries_timeout_minutes);
        let target = databases.database_url.url.clone();
        let telemetry = telemetry?;
        Some(Settings {
            redis_url: redis_url?,
            schedule: queues.schedule,
            retry: queues.retry,
            retries_timeout,
            interrupted: queues.interrupted_jobs,
            backup_source: backup_source?,
            source: databases.source(),
            has_source,
            incremental_target: databases.target_database_url.url,
            mode: self.backup_mode.mode(),
            hides_values: self.backup_mode.hides_values(),
            dumps: DumpStore::new(&copy.backup_directory, retries_timeout),
            after_restore,
            incremental: self.incremental,
            learning_content: self.learning_content.settings(
                &telemetry.app,
                target.clone(),
                copy.on_target(),
            ),
            copy,
            target,
            notifications,
            schema_export: schema_export?,
            snapshots: snapshots?,
            media,
            telemetry,
            without_target,
            warnings: std::mem::take(&mut findings.warnings),
        })
    }
}
