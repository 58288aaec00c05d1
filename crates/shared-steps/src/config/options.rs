//! Every variable as an option of the command line.

use clap::{Args, Command};

use super::after_restore::AfterRestoreOptions;
use super::backup_mode::BackupModeOptions;
use super::backup_source::BackupSourceOptions;
use super::copy::CopySettings;
use super::databases::DatabaseOptions;
use super::queues::QueueOptions;
use super::telemetry::TelemetryOptions;
use crate::jobs::incremental::settings::IncrementalSettings;
use crate::jobs::learning_content::options::LearningContentOptions;
use crate::jobs::media_sync::settings::MediaOptions;
use crate::jobs::notification::options::NotificationOptions;
use crate::jobs::schema_export::settings::SchemaExportOptions;
use crate::jobs::snapshot::settings::SnapshotOptions;
use pipeline::config::variable::{Optional, integer, variable};

/// Everything that a run is configured by.
#[derive(Args, Clone)]
#[command(mut_args(variable))]
pub struct Options {
    #[command(flatten)]
    pub(super) queues: QueueOptions,

    #[command(flatten)]
    pub(super) databases: DatabaseOptions,

    #[command(flatten)]
    pub(super) backup_source: BackupSourceOptions,

    #[command(flatten)]
    pub(super) backup_mode: BackupModeOptions,

    #[command(flatten)]
    pub(super) copy: CopySettings,

    #[command(flatten)]
    pub(super) after_restore: AfterRestoreOptions,

    #[command(flatten)]
    pub(super) incremental: IncrementalSettings,

    #[command(flatten)]
    pub(super) learning_content: LearningContentOptions,

    #[command(flatten)]
    pub(super) notifications: NotificationOptions,

    #[command(flatten)]
    pub(super) schema_export: SchemaExportOptions,

    #[command(flatten)]
    pub(super) snapshots: SnapshotOptions,

    #[command(flatten)]
    pub(super) media: MediaOptions,

    #[command(flatten)]
    pub(super) telemetry: TelemetryOptions,

    #[command(flatten)]
    no_effect: NoEffectOptions,
}

/// Variables that the Node.js program read without using them.
#[derive(Args, Clone)]
#[command(next_help_heading = "Without effect")]
struct NoEffectOptions {
    /// Accepted for compatibility; has no effect
    #[arg(long, env, value_name = "MS", value_parser = integer(0..=u64::MAX).optional(), hide_possible_values = true)]
    min_timeout: Optional<u64>,

    /// Accepted for compatibility; has no effect
    #[arg(long, env, default_value = "900000", value_name = "MS", value_parser = integer(0..=u64::MAX), hide_possible_values = true)]
    max_timeout: u64,
}

/// The name of every variable.
pub(super) fn names() -> impl Iterator<Item = String> {
    let command = Options::augment_args(Command::new("ours"));
    let names = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    names.map(str::to_owned).collect::<Vec<_>>().into_iter()
}
