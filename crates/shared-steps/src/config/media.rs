//! The media sync: from which object store into which.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use http_requests::RetryLimits;
use media_sync::{MediaSync, OpenError, Settings as SyncSettings, Side, Which};
use object_stores::StoreLimits;

use super::protected::Protected;
use super::reader::{Reader, or_default};
use super::settings::ScheduleSettings;

const SOURCE: &str = "MEDIA_SOURCE";
const TARGET: &str = "MEDIA_TARGET";

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct MediaOptions {
    /// What is copied: s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or file:///directory; credentials in MEDIA_SOURCE_AWS_…, MEDIA_SOURCE_AZURE_…, MEDIA_SOURCE_GOOGLE_…, or else AWS_…, AZURE_…, GOOGLE_…
    #[arg(
        long,
        env = "MEDIA_SOURCE",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Media sync"
    )]
    media_source: String,

    /// Where media are copied to; nothing else is written; credentials in MEDIA_TARGET_AWS_… and so on, or else as the source's
    #[arg(
        long,
        env = "MEDIA_TARGET",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Media sync"
    )]
    media_target: String,

    /// When media are synced: five-field cron, time zone Europe/Paris; by default only on demand
    #[arg(
        long,
        env = "MEDIA_SCHEDULE",
        default_value = "",
        hide_env_values = true,
        value_name = "CRON",
        help_heading = "Media sync"
    )]
    media_schedule: String,

    /// `true` deletes from the target what is gone from the source, once everything has been copied
    #[arg(
        long,
        env = "MEDIA_DELETE",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Media sync"
    )]
    media_delete: String,

    /// How many percent of the target's objects one run may delete; a run that would delete more changes nothing
    #[arg(
        long,
        env = "MEDIA_MAX_DELETE",
        default_value = "50",
        hide_env_values = true,
        value_name = "PERCENT",
        help_heading = "Media sync"
    )]
    media_max_delete: String,

    /// `true` lets everybody read what is copied (S3's `public-read`)
    #[arg(
        long,
        env = "MEDIA_PUBLIC_READ",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Media sync"
    )]
    media_public_read: String,

    /// Objects that are copied at once
    #[arg(
        long,
        env = "MEDIA_JOBS",
        default_value = "16",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Media sync"
    )]
    media_jobs: String,
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
    pub(super) fn read(
        &self,
        reader: &mut Reader,
        protected: &Protected,
        directory: Option<&Path>,
    ) -> Option<Option<MediaSettings>> {
        let deletes = reader.flag("MEDIA_DELETE", &self.media_delete, false);
        let max_delete = reader.number("MEDIA_MAX_DELETE", &self.media_max_delete, 50, 0, 100);
        let public_read = reader.flag("MEDIA_PUBLIC_READ", &self.media_public_read, false);
        let jobs = reader.number("MEDIA_JOBS", &self.media_jobs, 16, 1, 256);
        let schedule = match or_default(&self.media_schedule, "") {
            "" => Some(None),
            cron => reader.schedule("MEDIA_SCHEDULE", cron).map(Some),
        };
        let texts = (or_default(&self.media_source, ""), or_default(&self.media_target, ""));
        let missing = match texts {
            ("", "") if self.media_schedule.trim().is_empty() => return Some(None),
            ("", _) => Some((SOURCE, "MEDIA_TARGET or MEDIA_SCHEDULE")),
            (_, "") => Some((TARGET, "MEDIA_SOURCE")),
            _ => None,
        };
        if let Some((variable, other)) = missing {
            return reader.wrong(variable, None, format!("it is needed, for {other} is set"));
        }
        let source = side(reader, SOURCE, texts.0, "MEDIA_SOURCE_");
        let target = side(reader, TARGET, texts.1, "MEDIA_TARGET_");
        let (source, target) = (source?, target?);
        if let Some(reason) = protected.refuses_store(&target) {
            return reader.wrong(TARGET, None, reason);
        }
        let settings = SyncSettings {
            jobs: jobs?,
            public_read,
            max_delete: max_delete?,
            directory: directory?.to_owned(),
        };
        match MediaSync::open(&source, &target, settings, &limits()) {
            Ok(sync) => Some(Some(MediaSettings { sync, deletes, schedule: schedule? })),
            Err(OpenError { which, reason }) => {
                let variable = if which == Which::Source { SOURCE } else { TARGET };
                reader.wrong(variable, None, reason)
            }
        }
    }
}

fn side(reader: &mut Reader, variable: &'static str, text: &str, own: &str) -> Option<Side> {
    match Side::new(text, own, std::env::vars()) {
        Ok(side) => Some(side),
        // It may hold a password.
        Err(wanted) => reader.wrong(variable, None, wanted),
    }
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
