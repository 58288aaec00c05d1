//! Logs and Sentry.

use clap::Args;
use sentry::types::Dsn;

use super::log_level;
use crate::telemetry::{SentrySettings, TelemetrySettings};
use pipeline::config::Findings;
use pipeline::config::variable::{Checked, Flag, Optional, flag, hidden, integer, text, value};

/// The variables.
#[derive(Args, Clone)]
pub(super) struct TelemetryOptions {
    #[command(flatten)]
    logs: LogOptions,

    #[command(flatten)]
    sentry: SentryOptions,
}

#[derive(Args, Clone)]
#[command(next_help_heading = "Logs")]
struct LogOptions {
    /// Name of the logger, and the `client` header sent to the content API
    #[arg(
        long,
        env,
        default_value = "pix-db-replication",
        value_name = "NAME",
        value_parser = text()
    )]
    app: String,

    /// Lowest level logged: trace, debug, info, warn, error, fatal (nothing is written), a number of bunyan
    /// (20 is debug), or a filter such as `info,pg_replicate=debug`
    #[arg(long, env, default_value = "info", value_name = "LEVEL", value_parser = value(|given| {
        log_level::filter(given.text)
    }))]
    log_level: String,

    /// `production` or `test`: no .env file is loaded
    ///
    /// On Scalingo, `production` also fetches the PostgreSQL client at start.
    ///
    /// Example: production
    #[arg(long, env, value_name = "NAME", value_parser = text())]
    node_env: String,
}

#[derive(Args, Clone)]
#[command(next_help_heading = "Sentry")]
struct SentryOptions {
    /// `true` sends errors to Sentry
    #[arg(long, env, default_value = "false", value_parser = flag())]
    sentry_enabled: Flag,

    /// Sentry's DSN; required if SENTRY_ENABLED is true
    ///
    /// Example: https://key@sentry.example.net/1
    #[arg(long, env, value_name = "URL", value_parser = hidden(|given| {
        given.text.parse::<Dsn>().map_err(|_| "must be a Sentry DSN (https://key@host/project)".into())
    }).optional().when_used())]
    sentry_dsn: Checked<Optional<Dsn>>,

    /// Environment name shown in Sentry
    #[arg(long, env, default_value = "development", value_name = "NAME", value_parser = text())]
    sentry_environment: String,

    /// Number of preceding log lines attached to an error
    #[arg(long, env, default_value = "100", value_name = "N", value_parser = integer(0..=10_000_usize))]
    sentry_max_breadcrumbs: usize,

    /// `true` logs what the Sentry client does
    #[arg(long, env, default_value = "false", value_parser = flag())]
    sentry_debug: Flag,

    /// Maximum length of texts sent to Sentry, in characters
    #[arg(long, env, default_value = "1000", value_name = "N", value_parser = integer(1..=1_000_000_usize))]
    sentry_max_value_length: usize,
}

impl TelemetryOptions {
    pub(super) fn settings(self, findings: &mut Findings) -> Option<TelemetrySettings> {
        let sentry = match self.sentry.sentry_enabled {
            true => Some(self.sentry.settings(findings)?),
            false => None,
        };
        Some(TelemetrySettings { app: self.logs.app, filter: self.logs.log_level, sentry })
    }
}

impl SentryOptions {
    fn settings(self, findings: &mut Findings) -> Option<SentrySettings> {
        let dsn = findings.used(&self.sentry_dsn)?;
        Some(SentrySettings {
            dsn: findings.required("SENTRY_DSN", "SENTRY_ENABLED=true", dsn)?,
            environment: self.sentry_environment,
            max_breadcrumbs: self.sentry_max_breadcrumbs,
            debug: self.sentry_debug,
            max_value_length: self.sentry_max_value_length,
        })
    }
}
