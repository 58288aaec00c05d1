//! Every variable as an option of the command line, with its default and meaning.
//!
//! Values are kept as text here: clap stops at the first value it cannot parse, and the operator is
//! to see all that is wrong at once.

use clap::Args;
use pipeline::RetryOptions;
use pipeline::config::RedisOptions;

use super::after_restore::AfterRestoreOptions;
use super::backup_source::BackupSourceOptions;
use super::copy::CopyOptions;
use super::masking::MaskingOptions;
use super::media::MediaOptions;
use super::on_target::OnTargetOptions;
use super::protected::ProtectedOptions;
use super::schema_export::SchemaExportOptions;
use super::snapshots::SnapshotOptions;
use super::verify::VerifyOptions;

/// Everything that a night is configured by.
#[derive(Args, Debug, Clone)]
pub struct Options {
    #[command(flatten)]
    pub(super) redis: RedisOptions,

    /// When a run starts: five-field cron, time zone Europe/Paris
    #[arg(
        long,
        env = "SCHEDULE",
        default_value = "10 5 * * *",
        hide_env_values = true,
        value_name = "CRON",
        help_heading = "Queues"
    )]
    pub(super) schedule: String,

    #[command(flatten)]
    pub(super) retry: RetryOptions,

    /// Warn when the attempts of one job together last longer, in minutes; a dump kept for the next attempt is used no longer than this
    #[arg(
        long,
        env = "RETRIES_TIMEOUT_MINUTES",
        default_value = "180",
        hide_env_values = true,
        value_name = "MINUTES",
        help_heading = "Queues"
    )]
    pub(super) retries_timeout_minutes: String,

    /// What to do with a job interrupted by a shutdown or crash: `fail` leaves it in the failed list, `retry` runs it again as Bull does
    #[arg(
        long,
        env = "INTERRUPTED_JOBS",
        default_value = "fail",
        hide_env_values = true,
        value_name = "fail|retry",
        help_heading = "Queues"
    )]
    pub(super) interrupted_jobs: String,

    /// The database that is copied; it is only read
    #[arg(
        long,
        env = "SOURCE_DATABASE_URL",
        default_value = "postgresql://source_user@localhost/source_database",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Databases"
    )]
    pub(super) source_database_url: String,

    /// How long, in seconds, a session of ours waits for a lock on the source, and how long others wait for one
    /// of ours before the copy is ended
    #[arg(
        long,
        env = "SOURCE_LOCK_TIMEOUT",
        default_value = "10",
        hide_env_values = true,
        value_name = "SECONDS",
        help_heading = "Databases"
    )]
    pub(super) source_lock_timeout: String,

    /// The database that full replication, enrichment and learning content write
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "postgresql://target_user@localhost/target_database",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Databases"
    )]
    pub(super) database_url: String,

    /// The database that incremental replication writes; usually the same as DATABASE_URL
    #[arg(
        long,
        env = "TARGET_DATABASE_URL",
        default_value = "postgresql://target_user@localhost/target_database",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Databases"
    )]
    pub(super) target_database_url: String,

    #[command(flatten)]
    pub(super) protected: ProtectedOptions,

    #[command(flatten)]
    pub(super) backup_source: BackupSourceOptions,

    /// JSON, table to `incremental` (only new rows), `none` (not at all) or an object (docs/incremental.md); other tables are copied whole
    #[arg(
        long,
        env = "BACKUP_MODE",
        default_value = "{}",
        hide_env_values = true,
        value_name = "JSON",
        help_heading = "Copy"
    )]
    pub(super) backup_mode: String,

    #[command(flatten)]
    pub(super) copy: CopyOptions,

    /// Parallel jobs of pg_restore
    #[arg(
        long,
        env = "PG_RESTORE_JOBS",
        default_value = "4",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Copy"
    )]
    pub(super) pg_restore_jobs: String,

    /// Version of the PostgreSQL client that the start script fetches on Scalingo when NODE_ENV is production
    #[arg(
        long,
        env = "PG_CLIENT_VERSION",
        default_value = "14",
        hide_env_values = true,
        value_name = "VERSION",
        help_heading = "Copy"
    )]
    pub(super) pg_client_version: String,

    /// Directory for the dump while a replication runs; by default the system's temporary directory
    #[arg(
        long,
        env = "BACKUP_DIRECTORY",
        default_value = "",
        hide_env_values = true,
        value_name = "DIRECTORY",
        help_heading = "Copy"
    )]
    pub(super) backup_directory: String,

    /// SQL run on the target after a restore; by default the view and the four indexes of the program replaced; `none`:
    /// nothing is run
    #[arg(
        long,
        env = "ENRICHMENT_FILE",
        default_value = "",
        hide_env_values = true,
        value_name = "FILE",
        help_heading = "Copy"
    )]
    pub(super) enrichment_file: String,

    /// A column that is new on the source of an incremental table: `fail` names it, `add` adds it to the target
    #[arg(
        long,
        env = "SCHEMA_CHANGES",
        default_value = "fail",
        hide_env_values = true,
        value_name = "fail|add",
        help_heading = "Copy"
    )]
    pub(super) schema_changes: String,

    #[command(flatten)]
    pub(super) masking: MaskingOptions,

    #[command(flatten)]
    pub(super) after_restore: AfterRestoreOptions,

    #[command(flatten)]
    pub(super) on_target: OnTargetOptions,

    #[command(flatten)]
    pub(super) verify: VerifyOptions,

    /// How many tables an incremental replication copies at once
    #[arg(
        long,
        env = "INCREMENTAL_JOBS",
        default_value = "2",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Copy"
    )]
    pub(super) incremental_jobs: String,

    /// COPY format of an incremental replication; binary falls back to text where column types need it
    #[arg(
        long,
        env = "INCREMENTAL_COPY_FORMAT",
        default_value = "binary",
        hide_env_values = true,
        value_name = "binary|text",
        help_heading = "Copy"
    )]
    pub(super) incremental_copy_format: String,

    /// The learning content API; empty leaves that step out
    #[arg(
        long,
        env = "LCMS_API_URL",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Learning content"
    )]
    pub(super) lcms_api_url: String,

    /// What the learning content API answers: auto asks for the stream, and for the tables of the older
    /// API where there is no stream
    #[arg(
        long,
        env = "LCMS_API_FORMAT",
        default_value = "auto",
        hide_env_values = true,
        value_name = "auto|stream|airtable",
        help_heading = "Learning content"
    )]
    pub(super) lcms_api_format: String,

    /// Its key
    #[arg(
        long,
        env = "LCMS_API_KEY",
        default_value = "",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Learning content"
    )]
    pub(super) lcms_api_key: String,

    /// Webhooks, JSON: `[{"url": …, "token"?: …, "format"?: "json", "on"?: "success"|"failure"|"always"}]`
    #[arg(
        long,
        env = "NOTIFICATIONS",
        default_value = "[]",
        hide_env_values = true,
        value_name = "JSON",
        help_heading = "Notifications"
    )]
    pub(super) notifications: String,

    /// Alternative name for NOTIFICATIONS; set only one of the two
    #[arg(
        long,
        env = "NOTIFICATION_URLS",
        default_value = "",
        hide_env_values = true,
        value_name = "JSON",
        help_heading = "Notifications"
    )]
    pub(super) notification_urls: String,

    /// Name of the logger, and the `client` header sent to the content API
    #[arg(
        long,
        env = "APP",
        default_value = "pix-db-replication",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Logs"
    )]
    pub(super) app: String,

    /// Lowest level logged: trace, debug, info, warn, error, fatal, a number of bunyan (20 is debug), or a filter such as `info,pg_replicate=debug`
    #[arg(
        long,
        env = "LOG_LEVEL",
        default_value = "info",
        hide_env_values = true,
        value_name = "LEVEL",
        help_heading = "Logs"
    )]
    pub(super) log_level: String,

    /// `production` or `test`: no .env file is loaded
    #[arg(
        long,
        env = "NODE_ENV",
        default_value = "",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Logs"
    )]
    pub(super) node_env: String,

    /// `true` sends errors to Sentry
    #[arg(
        long,
        env = "SENTRY_ENABLED",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Sentry"
    )]
    pub(super) sentry_enabled: String,

    /// Sentry's DSN
    #[arg(
        long,
        env = "SENTRY_DSN",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Sentry"
    )]
    pub(super) sentry_dsn: String,

    /// Environment name shown in Sentry
    #[arg(
        long,
        env = "SENTRY_ENVIRONMENT",
        default_value = "development",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Sentry"
    )]
    pub(super) sentry_environment: String,

    /// Number of preceding log lines attached to an error
    #[arg(
        long,
        env = "SENTRY_MAX_BREADCRUMBS",
        default_value = "100",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Sentry"
    )]
    pub(super) sentry_max_breadcrumbs: String,

    /// `true` logs what the Sentry client does
    #[arg(
        long,
        env = "SENTRY_DEBUG",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Sentry"
    )]
    pub(super) sentry_debug: String,

    /// Maximum length of texts sent to Sentry, in characters
    #[arg(
        long,
        env = "SENTRY_MAX_VALUE_LENGTH",
        default_value = "1000",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Sentry"
    )]
    pub(super) sentry_max_value_length: String,

    #[command(flatten)]
    pub(super) schema_export: SchemaExportOptions,

    #[command(flatten)]
    pub(super) snapshots: SnapshotOptions,

    #[command(flatten)]
    pub(super) media: MediaOptions,

    /// Accepted for compatibility; has no effect
    #[arg(
        long,
        env = "MIN_TIMEOUT",
        default_value = "",
        hide_env_values = true,
        value_name = "MS",
        help_heading = "Without effect"
    )]
    pub(super) min_timeout: String,

    /// Accepted for compatibility; has no effect
    #[arg(
        long,
        env = "MAX_TIMEOUT",
        default_value = "900000",
        hide_env_values = true,
        value_name = "MS",
        help_heading = "Without effect"
    )]
    pub(super) max_timeout: String,
}
