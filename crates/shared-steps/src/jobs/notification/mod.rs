//! The job that tells other systems by webhooks how the run went.
//!
//! docs/notifications.md explains the entries and the report to those who receive them.

pub(crate) mod entry;
mod error;
pub(crate) mod options;
pub(crate) mod parse;
pub(crate) mod report;
mod send;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use pipeline::Step;
use progress::{Context, Progress, Summary};

use super::job::{Attempt, Job};
use crate::http::RetryLimits;
use crate::target_guard::ensure_target;
use crate::{Settings, StepError};

pub use entry::{Format, Notification, On};
pub use error::{Error, Undelivered};
pub use parse::{ParseError, Problem, parse};
pub use report::{RunReport, Status, StepReport};

/// Time limit for each URL.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Two retries; see [`send`] for the conditions.
const RETRY: RetryLimits = RetryLimits {
    retries: 2,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(5),
    longest_asked_wait: Duration::from_secs(30),
};

/// The job.
#[derive(Debug)]
pub struct NotificationJob;

#[async_trait]
impl Job for NotificationJob {
    fn step(&self) -> Step {
        Step::NOTIFICATION
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        ensure_target(settings)
    }

    async fn run(
        &self,
        settings: &Settings,
        _: &Attempt,
        report: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let summary = run(&settings.notifications, &report.await, context).await?;
        tracing::info!("Import and enrichment done");
        Ok(summary)
    }
}

/// Notifies, in order, every entry whose condition matches the outcome in `report`.
///
/// Every entry is tried, whatever happened to those before it.
///
/// # Errors
/// [`Error::Undelivered`] with each entry that was not delivered; [`Error::Cancelled`].
pub async fn run(
    entries: &[Notification],
    report: &RunReport,
    context: &Context,
) -> Result<Summary, Error> {
    tracing::info!("Start notification");
    let summary = deliver(entries, report, RETRY, context).await?;
    tracing::info!("Notification done");
    Ok(summary)
}

/// Notifies every entry for failures. Logs nothing if there is none.
///
/// # Errors
/// As [`run`].
pub async fn notify_failure(
    entries: &[Notification],
    report: &RunReport,
    context: &Context,
) -> Result<Summary, Error> {
    if !entries.iter().any(|entry| entry.on.includes(Status::Failure)) {
        return Ok(Summary::default());
    }
    let report = RunReport { status: Status::Failure, ..report.clone() };
    tracing::info!("Start failure notification");
    let summary = deliver(entries, &report, RETRY, context).await?;
    tracing::info!("Failure notification done");
    Ok(summary)
}

async fn deliver(
    entries: &[Notification],
    report: &RunReport,
    retry: RetryLimits,
    context: &Context,
) -> Result<Summary, Error> {
    let wanted: Vec<_> = entries.iter().filter(|entry| entry.on.includes(report.status)).collect();
    let mut undelivered = Vec::new();
    let mut outcome = send::Outcome::default();
    for (index, entry) in wanted.iter().enumerate() {
        context.progress.update(&Progress {
            phase: send::PHASE.into(),
            percent: 100.0 * index as f64 / wanted.len() as f64,
            object: Some(entry.url.to_string()),
            rows: 0,
            bytes: outcome.bytes(),
            ..Progress::default()
        });
        tracing::info!("Notify {}", entry.url);
        match send::send(entry, report, TIMEOUT, retry, &context.cancel).await {
            None => return Err(Error::Cancelled),
            Some(Ok(bytes)) => outcome.delivered(bytes),
            Some(Err(reason)) => {
                tracing::error!("Notification of {} failed: {reason}", entry.url);
                undelivered.push(Undelivered { url: entry.url.to_string(), reason });
            }
        }
    }
    if undelivered.is_empty() {
        Ok(outcome.summary())
    } else {
        Err(Error::Undelivered { failed: undelivered, entries: wanted.len() })
    }
}
