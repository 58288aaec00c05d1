//! Telemetry: bunyan JSON for machines, compact lines for people, job logs in Redis, Sentry.
//!
//! Every message is logged once, with `tracing`; its destinations are decided here.

mod bunyan;
mod fields;
mod job_log;
mod sentry_client;
mod terminal;

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::Settings;
use crate::progress_bar::ProgressBar;

pub use bunyan::Bunyan;
pub use job_log::{JobLogs, LogLines};
pub use sentry_client::SentrySettings;
use terminal::Terminal;

/// Fields of the span around a job, which every log line inside it contains.
pub const JOB_SPAN: &str = "job";

/// apalis' messages about its workers are of no interest to operators; `LOG_LEVEL` can enable them.
const QUIET: &str = "apalis=warn,apalis_core=warn,apalis_cron=warn";

/// Destination of a program's log.
#[derive(Clone, Copy)]
pub enum Output<'a> {
    /// For `worker` and `scheduler`: stdout.
    Stdout,
    /// For commands, whose stdout is their result: stderr.
    Stderr,
    /// For commands that also show progress there.
    Above(&'a ProgressBar),
}

/// Telemetry settings of a process.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// The logger's name, `APP`.
    pub app: String,
    /// Minimum level, or a filter such as `info,pg_replicate=debug`, `LOG_LEVEL`.
    pub filter: String,
    /// Sentry, if enabled.
    pub sentry: Option<SentrySettings>,
}

/// Keeps Sentry's client alive; flushes it when dropped.
pub struct TelemetryGuard {
    _sentry: Option<sentry::ClientInitGuard>,
}

/// Sets up the process-wide log. `job_logs` receives the lines of running jobs.
///
/// A terminal gets compact lines, in colour unless `NO_COLOR` is set; anything else gets bunyan JSON.
///
/// Logs the warnings in `settings`.
#[must_use = "Sentry is flushed when the guard is dropped"]
pub fn init(settings: &Settings, output: Output<'_>, job_logs: &JobLogs) -> TelemetryGuard {
    let guard = subscribe(&settings.telemetry, output, job_logs);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    guard
}

fn subscribe(
    settings: &TelemetrySettings,
    output: Output<'_>,
    job_logs: &JobLogs,
) -> TelemetryGuard {
    let sentry = settings.sentry.as_ref().map(sentry_client::init);
    let filter = format!("{QUIET},{}", settings.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(fields::KeepFields)
        .with(job_logs.layer())
        .with(sentry.is_some().then(sentry_client::layers));
    let to_terminal = match output {
        Output::Stdout => std::io::stdout().is_terminal(),
        Output::Stderr | Output::Above(_) => std::io::stderr().is_terminal(),
    };
    let layer = match (to_terminal, output) {
        (true, Output::Stdout) => Terminal::new(std::io::stdout, colour()).boxed(),
        (true, Output::Stderr) => Terminal::new(std::io::stderr, colour()).boxed(),
        (false, Output::Stdout) => Bunyan::new(&settings.app, std::io::stdout).boxed(),
        (true, Output::Above(bar)) => {
            let bar = bar.clone();
            Terminal::new(move || bar.writer(), colour()).boxed()
        }
        (false, _) => Bunyan::new(&settings.app, std::io::stderr).boxed(),
    };
    registry.with(layer).init();
    TelemetryGuard { _sentry: sentry }
}

/// Whether a terminal gets colour: unless `NO_COLOR` is set to anything (no-color.org).
fn colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
