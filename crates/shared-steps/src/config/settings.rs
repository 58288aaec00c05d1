//! What a configuration means.

use std::path::PathBuf;
use std::time::Duration;

use backup_sources::Fetcher;
use bull_queue::cron::CronSchedule;
use bull_queue::{InterruptedPolicy, RedisUrl};
use pg_replicate::shell::ShellCommand;
use pg_replicate::{
    BackupMode, CopyFormat, DatabaseUrl, OnTarget, SchemaChanges, Verify, enrichment,
};
use pipeline::config::Errors;
use pipeline::{RetryPolicy, Step, secrets};

use super::copy::CopySettings;
use super::log_level;
use super::media::MediaSettings;
use super::options::Options;
use super::reader::{Reader, or_default};
use super::schema_export::SchemaExportSettings;
use super::snapshots::SnapshotSettings;
use crate::dump_store::DumpStore;
use crate::learning_content::{ContentFormat, LearningContentSettings};
use crate::notification::{self, Notification};
use crate::telemetry::{SentrySettings, TelemetrySettings};

/// The value of `ENRICHMENT_FILE` that leaves the enrichment out.
const NO_ENRICHMENT: &str = "none";

/// The time zone of `SCHEDULE`; it was never configurable, and reports are read in it.
pub(super) const TIME_ZONE: &str = "Europe/Paris";

/// The source when none is named.
pub(super) const DEFAULT_SOURCE: &str = "postgresql://source_user@localhost/source_database";

/// When the night starts.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// The cron expression as written: it is part of the key in Redis.
    pub cron: String,
    /// Its time zone.
    pub time_zone: &'static str,
    /// The same, parsed.
    pub parsed: CronSchedule,
}

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
    /// Parallel jobs of pg_restore.
    pub restore_jobs: u16,
    /// Where dumps stand.
    pub dumps: DumpStore,
    /// SQL run after a restore.
    pub enrichment_script: String,
    /// What is run on the target after a restore.
    pub after_restore: Option<ShellCommand>,
    /// What those who use a target have to bear.
    pub on_target: OnTarget,
    /// What a full replication compares with the source before it ends.
    pub verify: Verify,
    /// What becomes of a column that is new on the source of an incremental table.
    pub schema_changes: SchemaChanges,
    /// Tables that an incremental replication copies at once.
    pub incremental_jobs: u16,
    /// How rows travel in an incremental replication.
    pub copy_format: CopyFormat,
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

impl Settings {
    /// When a job of `step` is added by itself.
    #[must_use]
    pub fn schedule_of(&self, step: Step) -> Option<&ScheduleSettings> {
        match step {
            Step::FULL_REPLICATION if self.without_target.is_some() => None,
            Step::FULL_REPLICATION => Some(&self.schedule),
            Step::SCHEMA_EXPORT => self.schema_export.schedule.as_ref(),
            Step::SNAPSHOT => self.snapshots.schedule.as_ref(),
            Step::MEDIA_SYNC => self.media.as_ref()?.schedule.as_ref(),
            _ => None,
        }
    }

    /// Whether a worker takes the jobs of `step`: those of the night when there is a target, the others when
    /// they are configured.
    ///
    /// # Errors
    /// Which variable is missing.
    pub fn takes(&self, step: Step) -> Result<(), &'static str> {
        match step {
            Step::SCHEMA_EXPORT if self.schema_export.schedule.is_none() => {
                Err("DB_SCHEMA_EXPORTER_ENABLED is not true")
            }
            Step::SNAPSHOT if self.snapshots.taken.is_none() => Err("SNAPSHOT_STORE is not set"),
            Step::MEDIA_SYNC if self.media.is_none() => {
                Err("MEDIA_SOURCE and MEDIA_TARGET are not set")
            }
            Step::SCHEMA_EXPORT | Step::SNAPSHOT | Step::MEDIA_SYNC => Ok(()),
            _ => match self.without_target {
                Some(_) => Err("DATABASE_URL names no target"),
                None => Ok(()),
            },
        }
    }
}

impl TryFrom<&Options> for Settings {
    type Error = Errors;

    fn try_from(options: &Options) -> Result<Self, Errors> {
        let mut reader = Reader::default();
        let settings = reader.settings(options);
        reader.finish(settings)
    }
}

/// Before anything is read: an error may quote what a server or a parser has echoed.
fn remember_secrets(options: &Options) {
    // Whichever variable a URL stands in.
    for (_, value) in std::env::vars_os() {
        secrets::remember_credentials(&value.to_string_lossy());
    }
    for key in [&options.lcms_api_key].into_iter().chain(options.backup_source.keys()) {
        secrets::remember(key);
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "GOOGLE_SERVICE_ACCOUNT_KEY"]
    {
        if let Ok(key) = std::env::var(name) {
            secrets::remember(&key);
        }
    }
    if let Ok(url) = url::Url::parse(options.redis.redis_url.trim()) {
        secrets::remember_password(url.password().unwrap_or_default());
    }
    let urls = [&options.source_database_url, &options.database_url, &options.target_database_url];
    for url in urls.into_iter().filter_map(|url| url.parse::<DatabaseUrl>().ok()) {
        secrets::remember_password(url.password().unwrap_or_default());
    }
}

fn is_word(text: &str) -> bool {
    text.chars().all(|one| one.is_ascii_lowercase())
}

impl Reader {
    pub(super) fn database_url(
        &mut self,
        variable: &'static str,
        text: &str,
        default: &str,
    ) -> Option<DatabaseUrl> {
        match or_default(text, default).parse() {
            Ok(url) => Some(url),
            Err(error) => self.wrong(variable, None, format!("{error}")),
        }
    }

    pub(super) fn schedule(
        &mut self,
        variable: &'static str,
        cron: &str,
    ) -> Option<ScheduleSettings> {
        match CronSchedule::parse(cron) {
            Ok(parsed) => {
                Some(ScheduleSettings { cron: cron.to_owned(), time_zone: TIME_ZONE, parsed })
            }
            // `@daily` is a nickname, and holds no password.
            Err(error) if cron.strip_prefix('@').is_some_and(is_word) => {
                self.wrong(variable, None, error.to_string())
            }
            Err(error) => self.wrong_text(variable, cron, error.to_string()),
        }
    }

    fn backup_mode(&mut self, text: &str) -> Option<BackupMode> {
        match or_default(text, "{}").parse() {
            Ok(mode) => Some(mode),
            Err(error) => self.wrong("BACKUP_MODE", Some(text), format!("{error}")),
        }
    }

    fn enrichment_script(&mut self, file: &str) -> Option<String> {
        let file = file.trim();
        if file.is_empty() {
            return Some(enrichment::DEFAULT_SCRIPT.to_owned());
        }
        if file == NO_ENRICHMENT {
            return Some(String::new());
        }
        let script = std::fs::read_to_string(file)
            .map_err(|error| format!("must be a readable SQL file: {error}"))
            .and_then(|text| match enrichment::validate(&text) {
                Ok(()) => Ok(text),
                Err(error) => Err(format!("the SQL file cannot be used: {error}")),
            });
        match script {
            Ok(text) => Some(text),
            Err(wanted) => self.wrong("ENRICHMENT_FILE", Some(file), wanted),
        }
    }

    fn backup_directory(&mut self, text: &str) -> Option<PathBuf> {
        let text = text.trim();
        if text.is_empty() {
            return Some(std::env::temp_dir());
        }
        let path = PathBuf::from(text);
        if path.is_dir() {
            Some(path)
        } else {
            self.wrong("BACKUP_DIRECTORY", Some(text), "must be an existing directory".into())
        }
    }

    fn lcms_url(&mut self, text: &str) -> Option<Option<url::Url>> {
        let text = text.trim();
        if text.is_empty() {
            return Some(None);
        }
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(Some(url)),
            _ => self.wrong(
                "LCMS_API_URL",
                Some(text),
                "must be an http or https URL, without /databases/airtable or /replication-stream; or empty, to leave \
                 learning content out"
                    .into(),
            ),
        }
    }

    fn notifications(&mut self, options: &Options) -> Option<Vec<Notification>> {
        let (name, other) = (options.notifications.trim(), options.notification_urls.trim());
        let name_is_set = !matches!(name, "" | "[]");
        let other_is_set = !matches!(other, "" | "[]");
        if name_is_set && other_is_set && name != other {
            return self.wrong(
                "NOTIFICATION_URLS",
                None,
                "NOTIFICATIONS is set too, to something else; set one of the two".into(),
            );
        }
        let (variable, text) = if other_is_set && !name_is_set {
            ("NOTIFICATION_URLS", other)
        } else {
            ("NOTIFICATIONS", or_default(name, "[]"))
        };
        match notification::parse(text) {
            Ok(entries) => {
                for token in entries.iter().filter_map(|entry| entry.token.as_ref()) {
                    secrets::remember(token.expose());
                }
                Some(entries)
            }
            Err(error) => self.wrong(variable, None, error.to_string()),
        }
    }

    fn sentry(&mut self, options: &Options) -> Option<Option<SentrySettings>> {
        let breadcrumbs =
            self.number("SENTRY_MAX_BREADCRUMBS", &options.sentry_max_breadcrumbs, 100, 0, 10_000);
        let length = self.number(
            "SENTRY_MAX_VALUE_LENGTH",
            &options.sentry_max_value_length,
            1000,
            1,
            1_000_000,
        );
        let debug = self.flag("SENTRY_DEBUG", &options.sentry_debug, false);
        if !self.flag("SENTRY_ENABLED", &options.sentry_enabled, false) {
            return Some(None);
        }
        let Ok(dsn) = options.sentry_dsn.trim().parse() else {
            return self.wrong(
                "SENTRY_DSN",
                None,
                "required while SENTRY_ENABLED is true: must be a Sentry DSN (https://key@host/project)"
                    .into(),
            );
        };
        Some(Some(SentrySettings {
            dsn,
            environment: or_default(&options.sentry_environment, "development").to_owned(),
            max_breadcrumbs: breadcrumbs?,
            debug,
            max_value_length: length?,
        }))
    }

    /// Every reader runs whatever the others found: `?` comes only after the last of them.
    fn settings(&mut self, options: &Options) -> Option<Settings> {
        remember_secrets(options);
        let redis_url = options.redis.read(self);
        let schedule = self.schedule("SCHEDULE", or_default(&options.schedule, "10 5 * * *"));
        let retry = options.retry.read(self);
        let retries_timeout = self.number(
            "RETRIES_TIMEOUT_MINUTES",
            &options.retries_timeout_minutes,
            180_u64,
            1,
            100_000,
        );
        let interrupted = self.choice(
            "INTERRUPTED_JOBS",
            &options.interrupted_jobs,
            [("fail", InterruptedPolicy::Fail), ("retry", InterruptedPolicy::Retry)],
        );
        let has_source = !matches!(options.source_database_url.trim(), "" | DEFAULT_SOURCE);
        let backup_source = options.backup_source.read(self, has_source);
        let source =
            self.database_url("SOURCE_DATABASE_URL", &options.source_database_url, DEFAULT_SOURCE);
        let lock_timeout =
            self.number("SOURCE_LOCK_TIMEOUT", &options.source_lock_timeout, 10, 1, 86_400_u64);
        let lock_timeout = lock_timeout.map(Duration::from_secs);
        let source = source.zip(lock_timeout).map(|(url, limit)| url.with_lock_timeout(limit));
        let default_target = "postgresql://target_user@localhost/target_database";
        let protected = options.protected.read(self);
        let target = self.database_url("DATABASE_URL", &options.database_url, default_target);
        let incremental_target =
            self.database_url("TARGET_DATABASE_URL", &options.target_database_url, default_target);
        let read = [("SOURCE_DATABASE_URL", source.as_ref())];
        let targets = [
            ("DATABASE_URL", &options.database_url, &target),
            ("TARGET_DATABASE_URL", &options.target_database_url, &incremental_target),
        ];
        let is_no_target = |(_, text, url): &(&str, &String, &Option<DatabaseUrl>)| {
            is_unset(text, default_target)
                || matches!((url, &source), (Some(url), Some(source)) if url.same_database(source))
        };
        let takes_snapshots_only = options.snapshots.has_store()
            && matches!(backup_source, Some(None))
            && targets.iter().all(is_no_target);
        let without_target = takes_snapshots_only.then(|| without_target(&target, &source));
        for (variable, _, url) in targets {
            if let Some(url) = url.as_ref().filter(|_| !takes_snapshots_only) {
                self.guard_database(variable, url, &protected, &read);
            }
        }
        let target_text = or_default(&options.database_url, default_target);
        let after_restore = options.after_restore.read(self, target_text, target.as_ref());
        let mode = self.backup_mode(&options.backup_mode);
        let masking = options.masking.read(self);
        let hides_values = options.masking.hides_values(self);
        let copy = self.copy(&options.copy);
        let restore_jobs = self.number("PG_RESTORE_JOBS", &options.pg_restore_jobs, 4, 1, 64);
        let directory = self.backup_directory(&options.backup_directory);
        let enrichment_script = self.enrichment_script(&options.enrichment_file);
        let on_target = options.on_target.read(self);
        let verify = options.verify.read(self);
        let schema_changes = self.choice(
            "SCHEMA_CHANGES",
            &options.schema_changes,
            [("fail", SchemaChanges::Fail), ("add", SchemaChanges::Add)],
        );
        let incremental_jobs = self.number("INCREMENTAL_JOBS", &options.incremental_jobs, 2, 1, 64);
        let copy_format = self.choice(
            "INCREMENTAL_COPY_FORMAT",
            &options.incremental_copy_format,
            [("binary", CopyFormat::Binary), ("text", CopyFormat::Text)],
        );
        let lcms_url = self.lcms_url(&options.lcms_api_url);
        let lcms_format = self.choice(
            "LCMS_API_FORMAT",
            &options.lcms_api_format,
            [
                ("auto", ContentFormat::Auto),
                ("stream", ContentFormat::Stream),
                ("airtable", ContentFormat::Airtable),
            ],
        );
        let notifications = self.notifications(options);
        let sentry = self.sentry(options);
        let filter = match log_level::filter(or_default(&options.log_level, "info")) {
            Ok(filter) => Some(filter),
            Err(wanted) => self.wrong("LOG_LEVEL", Some(options.log_level.trim()), wanted),
        };
        self.number("MIN_TIMEOUT", &options.min_timeout, 0_u64, 0, u64::MAX);
        self.number("MAX_TIMEOUT", &options.max_timeout, 900_000_u64, 0, u64::MAX);
        let others = [
            ("SOURCE_DATABASE_URL", source.as_ref()),
            ("DATABASE_URL", target.as_ref()),
            ("TARGET_DATABASE_URL", incremental_target.as_ref()),
        ];
        let schema_export = options.schema_export.read(self, &protected, &others);
        let snapshots =
            options.snapshots.read(self, &protected, directory.as_deref(), copy.as_ref());
        let media = options.media.read(self, &protected, directory.as_deref());
        let app = or_default(&options.app, "pix-db-replication").to_owned();

        let retries_timeout = Duration::from_secs(60 * retries_timeout?);
        let (target, on_target) = (target?, on_target?);
        let mode = mode?;
        let hides_values = hides_values?.unwrap_or(mode.copy_rules().next().is_some());
        if matches!(backup_source, Some(Some(_))) && verify != Some(Verify::None) {
            self.warnings.push(
                "VERIFY has no effect, for BACKUP_SOURCE is not live: the source is not asked"
                    .into(),
            );
        }
        if let Some(reason) = &without_target {
            self.warnings.push(format!(
                "{reason}: this program only takes snapshots, and leaves the nightly run to others"
            ));
        }
        Some(Settings {
            redis_url: redis_url?,
            schedule: schedule?,
            retry: retry?,
            retries_timeout,
            interrupted: interrupted?,
            backup_source: backup_source?,
            source: source?,
            has_source,
            incremental_target: incremental_target?,
            mode: mode.with_masking(masking?),
            hides_values,
            copy: copy?,
            restore_jobs: restore_jobs?,
            dumps: DumpStore::new(directory?, retries_timeout),
            enrichment_script: enrichment_script?,
            after_restore: after_restore?,
            on_target,
            verify: verify?,
            schema_changes: schema_changes?,
            incremental_jobs: incremental_jobs?,
            copy_format: copy_format?,
            learning_content: LearningContentSettings {
                on_target,
                format: lcms_format?,
                ..LearningContentSettings::new(
                    lcms_url?,
                    options.lcms_api_key.trim(),
                    &app,
                    target.clone(),
                )
            },
            target,
            notifications: notifications?,
            schema_export: schema_export?,
            snapshots: snapshots?,
            media: media?,
            telemetry: TelemetrySettings { app, filter: filter?, sentry: sentry? },
            without_target,
            warnings: std::mem::take(&mut self.warnings),
        })
    }
}

/// Whether a URL is none, or the default, which stands for none.
fn is_unset(text: &str, default: &str) -> bool {
    or_default(text, default) == default
}

/// Why a program has no database to write.
fn without_target(target: &Option<DatabaseUrl>, source: &Option<DatabaseUrl>) -> String {
    match (target, source) {
        (Some(target), Some(source)) if target.same_database(source) => {
            format!("{target} is the database of SOURCE_DATABASE_URL, and no target")
        }
        _ => "DATABASE_URL is not set".into(),
    }
}
