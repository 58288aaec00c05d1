//! Variables of the media sync.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use http_requests::RetryLimits;
use media_sync::{MediaSync, OpenError, Settings as SyncSettings, Side, Which};
use object_stores::StoreLimits;

use crate::config::protected::Protected;
use crate::config::schedule::{ScheduleSettings, schedule};
use pipeline::config::Findings;
use pipeline::config::variable::{Checked, Flag, Optional, Variable, flag, hidden, integer};

const SOURCE: &str = "MEDIA_SOURCE";
const TARGET: &str = "MEDIA_TARGET";

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Media sync")]
pub(crate) struct MediaOptions {
    /// What is copied: s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or file:///directory;
    /// credentials in MEDIA_SOURCE_AWS_…, MEDIA_SOURCE_AZURE_…, MEDIA_SOURCE_GOOGLE_…, or else AWS_…,
    /// AZURE_…, GOOGLE_… (docs/staging.md)
    ///
    /// Example: s3://shop-media/production/store
    #[arg(long, env, value_name = "URL", value_parser = side("MEDIA_SOURCE_"))]
    media_source: Checked<Optional<Side>>,

    /// Where media are copied to; nothing else is written; credentials in MEDIA_TARGET_AWS_… and so on, or
    /// else as the source's
    ///
    /// Example: s3://shop-media/staging/store
    #[arg(long, env, value_name = "URL", value_parser = side("MEDIA_TARGET_"))]
    media_target: Checked<Optional<Side>>,

    /// When media are synced: five-field cron, time zone Europe/Paris; by default only on demand
    /// (`run media-sync`, `restart media-sync`)
    ///
    /// Example: 0 6 * * *
    #[arg(long, env, value_name = "CRON", value_parser = schedule().optional())]
    media_schedule: Optional<ScheduleSettings>,

    /// `true` deletes from the target what is gone from the source, once everything has been copied
    #[arg(long, env, default_value = "false", value_parser = flag())]
    media_delete: Flag,

    /// How many percent of the target's objects one run may delete; a run that would delete more, or all
    /// because the source is empty, changes nothing
    #[arg(long, env, default_value = "50", value_name = "PERCENT", value_parser = integer(0..=100_u8))]
    media_max_delete: u8,

    /// `true` lets everybody read what is copied (S3's `public-read`)
    #[arg(long, env, default_value = "false", value_parser = flag())]
    media_public_read: Flag,

    /// Objects that are copied at once
    #[arg(long, env, default_value = "16", value_name = "N", value_parser = integer(1..=256_usize))]
    media_jobs: usize,
}

/// What the variables mean.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Both places, and how one is brought into the other.
    pub sync: MediaSync,
    /// Whether what is gone is deleted.
    pub deletes: bool,
    /// When it is done by itself.
    pub schedule: Option<ScheduleSettings>,
}

impl MediaOptions {
    /// `directory`: where temporary files stand.
    pub(crate) fn settings(
        self,
        findings: &mut Findings,
        protected: &Protected,
        directory: &Path,
    ) -> Option<MediaSettings> {
        let is_scheduled = self.media_schedule.is_some() || findings.is_wrong("MEDIA_SCHEDULE");
        let (source, target) = match (&self.media_source, &self.media_target) {
            (Ok(None), Ok(None)) if !is_scheduled => return None,
            (Ok(None), Ok(None)) => return findings.required(SOURCE, "MEDIA_SCHEDULE", None),
            (Ok(None), _) => return findings.required(SOURCE, TARGET, None),
            (_, Ok(None)) => return findings.required(TARGET, SOURCE, None),
            (source, target) => (findings.used(source), findings.used(target)),
        };
        let (source, target) = (source??, target??);
        if let Some(reason) = protected.refuses_store(&target) {
            return findings.wrong(TARGET, None, reason);
        }
        let settings = SyncSettings {
            jobs: self.media_jobs,
            public_read: self.media_public_read,
            max_delete: self.media_max_delete,
            directory: directory.to_owned(),
        };
        let (deletes, schedule) = (self.media_delete, self.media_schedule);
        match MediaSync::open(&source, &target, settings, &limits()) {
            Ok(sync) => Some(MediaSettings { sync, deletes, schedule }),
            Err(OpenError { which, reason }) => {
                findings.wrong(if which == Which::Source { SOURCE } else { TARGET }, None, reason)
            }
        }
    }
}

/// The parser of a place, with the prefix of its own variables for credentials.
fn side(own: &'static str) -> Variable<Checked<Optional<Side>>> {
    // It may hold a password.
    hidden(move |given| Side::new(given.text, own, std::env::vars())).optional().when_used()
}

/// Objects are many: one that cannot be had shall not hold up the others for long.
fn limits() -> StoreLimits {
    StoreLimits {
        silence: Duration::from_secs(60),
        retry: RetryLimits {
            retries: 4,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(8),
            longest_asked_wait: Duration::from_secs(60),
        },
    }
}
