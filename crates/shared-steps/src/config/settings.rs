//! What a configuration means.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bull_queue::cron::CronSchedule;
use bull_queue::{InterruptedPolicy, RedisUrl};
use pg_replicate::{BackupMode, CopyFormat, DatabaseUrl, SchemaChanges, enrichment};

use super::error::{Errors, Problem};
use super::options::{Options, RedisOptions};
use crate::dump_store::DumpStore;
use crate::learning_content::LearningContentSettings;
use crate::notification::{self, Notification};
use crate::pipeline::RetryPolicy;
use crate::telemetry::{SentrySettings, TelemetrySettings};

/// The time zone of `SCHEDULE`; it was never configurable, and reports are read in it.
const TIME_ZONE: &str = "Europe/Paris";

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
    /// The database copied.
    pub source: DatabaseUrl,
    /// The database that full replication, enrichment and learning content write.
    pub target: DatabaseUrl,
    /// The database that incremental replication writes.
    pub incremental_target: DatabaseUrl,
    /// Tables that are not copied whole.
    pub mode: BackupMode,
    /// Whether foreign keys are restored.
    pub foreign_keys: bool,
    /// Parallel jobs of pg_restore.
    pub restore_jobs: u16,
    /// Where dumps stand.
    pub dumps: DumpStore,
    /// SQL run after a restore.
    pub enrichment_script: String,
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
    /// Logs.
    pub telemetry: TelemetrySettings,
    /// What is usable, but perhaps not what was meant; to be logged at start.
    pub warnings: Vec<String>,
}

impl TryFrom<&RedisOptions> for RedisUrl {
    type Error = Errors;

    fn try_from(options: &RedisOptions) -> Result<Self, Errors> {
        let mut reader = Reader::default();
        let url = reader.redis_url(&options.redis_url);
        reader.finish(url)
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

/// Reads values one after the other and remembers what is wrong with any of them.
#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Reader {
    fn finish<T>(self, value: Option<T>) -> Result<T, Errors> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Errors(self.problems)),
        }
    }

    fn wrong<T>(
        &mut self,
        variable: &'static str,
        found: Option<&str>,
        wanted: String,
    ) -> Option<T> {
        self.problems.push(Problem { variable, found: found.map(str::to_owned), wanted });
        None
    }

    fn number<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &mut self,
        variable: &'static str,
        text: &str,
        default: T,
        least: T,
        most: T,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return Some(default);
        }
        match text.parse() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => self.wrong(
                variable,
                Some(text),
                format!("a whole number from {least} to {most} is wanted"),
            ),
        }
    }

    /// `true` is true; anything else is false, and worth a word when it is not `false`.
    fn flag(&mut self, variable: &'static str, text: &str, default: bool) -> bool {
        match text.trim() {
            "" => default,
            "true" => true,
            "false" => false,
            other => {
                self.warnings.push(format!(
                    "{variable} is \"{other}\", which counts as false; only \"true\" is true"
                ));
                false
            }
        }
    }

    fn choice<T>(
        &mut self,
        variable: &'static str,
        text: &str,
        choices: [(&str, T); 2],
    ) -> Option<T> {
        let [first, second] = choices;
        let text = text.trim();
        if text.is_empty() || text == first.0 {
            Some(first.1)
        } else if text == second.0 {
            Some(second.1)
        } else {
            let wanted = format!("\"{}\" or \"{}\" is wanted", first.0, second.0);
            self.wrong(variable, Some(text), wanted)
        }
    }

    fn redis_url(&mut self, text: &str) -> Option<RedisUrl> {
        match or_default(text, "redis://127.0.0.1:6379").parse() {
            Ok(url) => Some(url),
            Err(error) => self.wrong("REDIS_URL", None, format!("{error}")),
        }
    }

    fn database_url(
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

    fn schedule(&mut self, text: &str) -> Option<ScheduleSettings> {
        let cron = or_default(text, "10 5 * * *");
        match CronSchedule::parse(cron) {
            Ok(parsed) => {
                Some(ScheduleSettings { cron: cron.to_owned(), time_zone: TIME_ZONE, parsed })
            }
            Err(error) => self.wrong("SCHEDULE", None, error.to_string()),
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
        let script = std::fs::read_to_string(file)
            .map_err(|error| format!("a readable SQL file is wanted: {error}"))
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
            self.wrong("BACKUP_DIRECTORY", Some(text), "an existing directory is wanted".into())
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
                "an http or https URL is wanted, without /databases/airtable; or nothing, to leave \
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
            Ok(entries) => Some(entries),
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
                "a Sentry DSN (https://key@host/project) is wanted while SENTRY_ENABLED is true"
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

    fn log_level(&mut self, text: &str) -> Option<String> {
        let text = or_default(text, "info");
        match tracing_subscriber::EnvFilter::try_new(text) {
            Ok(_) => Some(text.to_owned()),
            Err(error) => self.wrong(
                "LOG_LEVEL",
                Some(text),
                format!("trace, debug, info, warn, error, or a filter as info,pg_replicate=debug is wanted: {error}"),
            ),
        }
    }

    /// Every reader runs whatever the others found: `?` comes only after the last of them.
    fn settings(&mut self, options: &Options) -> Option<Settings> {
        let redis_url = self.redis_url(&options.redis.redis_url);
        let schedule = self.schedule(&options.schedule);
        let attempts = self.number("MAX_RETRY_COUNT", &options.max_retry_count, 10, 1, 1_000);
        let delay = self.number(
            "EXPONENTIAL_RETRY_DELAY",
            &options.exponential_retry_delay,
            1000,
            0,
            86_400_000,
        );
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
        let source = self.database_url(
            "SOURCE_DATABASE_URL",
            &options.source_database_url,
            "postgresql://source_user@localhost/source_database",
        );
        let default_target = "postgresql://target_user@localhost/target_database";
        let target = self.database_url("DATABASE_URL", &options.database_url, default_target);
        let incremental_target =
            self.database_url("TARGET_DATABASE_URL", &options.target_database_url, default_target);
        let mode = self.backup_mode(&options.backup_mode);
        let foreign_keys =
            self.flag("RESTORE_FK_CONSTRAINTS", &options.restore_fk_constraints, true);
        let restore_jobs = self.number("PG_RESTORE_JOBS", &options.pg_restore_jobs, 4, 1, 64);
        let directory = self.backup_directory(&options.backup_directory);
        let enrichment_script = self.enrichment_script(&options.enrichment_file);
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
        let notifications = self.notifications(options);
        let sentry = self.sentry(options);
        let filter = self.log_level(&options.log_level);
        self.number("MIN_TIMEOUT", &options.min_timeout, 0_u64, 0, u64::MAX);
        self.number("MAX_TIMEOUT", &options.max_timeout, 900_000_u64, 0, u64::MAX);
        if self.flag("DB_SCHEMA_EXPORTER_ENABLED", &options.db_schema_exporter_enabled, false) {
            self.warnings.push(
                "DB_SCHEMA_EXPORTER_ENABLED is true, but this version has no schema export: keep \
                 the old program's for it"
                    .into(),
            );
        }
        let app = or_default(&options.app, "pix-db-replication").to_owned();

        let retries_timeout = Duration::from_secs(60 * retries_timeout?);
        let target = target?;
        Some(Settings {
            redis_url: redis_url?,
            schedule: schedule?,
            retry: RetryPolicy { attempts: attempts?, delay_ms: delay? },
            retries_timeout,
            interrupted: interrupted?,
            source: source?,
            incremental_target: incremental_target?,
            mode: mode?,
            foreign_keys,
            restore_jobs: restore_jobs?,
            dumps: DumpStore::new(directory?, retries_timeout),
            enrichment_script: enrichment_script?,
            schema_changes: schema_changes?,
            incremental_jobs: incremental_jobs?,
            copy_format: copy_format?,
            learning_content: LearningContentSettings::new(
                lcms_url?,
                options.lcms_api_key.trim(),
                &app,
                target.clone(),
            ),
            target,
            notifications: notifications?,
            telemetry: TelemetrySettings { app, filter: filter?, sentry: sentry? },
            warnings: std::mem::take(&mut self.warnings),
        })
    }
}

/// An empty variable counts as one that is not set.
fn or_default<'a>(text: &'a str, default: &'a str) -> &'a str {
    let text = text.trim();
    if text.is_empty() { default } else { text }
}
