//! Snapshots: backups that are kept when the data has changed.

mod keys;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use backup_sources::Limits;
use clap::Args;
use object_stores::{ObjectPlace, StoreLimits};
use snapshots::{Identity, Keep, Watched};
use url::Url;

use super::copy::CopySettings;
use super::reader::{Reader, or_default};
use super::settings::ScheduleSettings;

const KEEP: &str = "last=10,daily=7,weekly=4,monthly=12";

/// When a snapshot is overdue; `queue-cli` reads it too.
#[derive(Args, Debug, Clone, Default)]
pub struct MaxAgeOptions {
    /// When no snapshot has succeeded for this long, as `1 hour`, that is reported as a failure; without, never
    #[arg(
        long,
        env = "SNAPSHOT_MAX_AGE",
        default_value = "",
        hide_env_values = true,
        value_name = "TIME",
        help_heading = "Snapshots"
    )]
    pub snapshot_max_age: String,
}

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct SnapshotOptions {
    /// When a snapshot of SOURCE_DATABASE_URL is taken: five-field cron, time zone Europe/Paris; never without
    #[arg(
        long,
        env = "SNAPSHOT_SCHEDULE",
        default_value = "",
        hide_env_values = true,
        value_name = "CRON",
        help_heading = "Snapshots"
    )]
    snapshot_schedule: String,

    /// Where snapshots are kept: s3://, az://, gs:// or file:///; credentials in AWS_…, AZURE_…, GOOGLE_…
    #[arg(
        long,
        env = "SNAPSHOT_STORE",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Snapshots"
    )]
    snapshot_store: String,

    /// How many stay: the newest, and the newest one of each day, week and month
    #[arg(
        long,
        env = "SNAPSHOT_KEEP",
        default_value = KEEP,
        hide_env_values = true,
        value_name = "COUNTS",
        help_heading = "Snapshots"
    )]
    snapshot_keep: String,

    #[command(flatten)]
    max_age: MaxAgeOptions,

    /// The tables whose changes count, with wildcards: users,checkouts_*,stats.*; by default all
    #[arg(
        long,
        env = "SNAPSHOT_TABLES",
        default_value = "",
        hide_env_values = true,
        value_name = "TABLES",
        help_heading = "Snapshots"
    )]
    snapshot_tables: String,

    /// Tables whose changes do not count, with wildcards; the dump holds them too
    #[arg(
        long,
        env = "SNAPSHOT_IGNORE_TABLES",
        default_value = "",
        hide_env_values = true,
        value_name = "TABLES",
        help_heading = "Snapshots"
    )]
    snapshot_ignore_tables: String,

    /// What pg_dump writes: `custom`, which `run restore` takes, or `plain` SQL
    #[arg(
        long,
        env = "SNAPSHOT_FORMAT",
        default_value = "custom",
        hide_env_values = true,
        value_name = "custom|plain",
        help_heading = "Snapshots"
    )]
    snapshot_format: String,

    /// The archive around it: .tar.zst, or .tar.gz, which everything reads
    #[arg(
        long,
        env = "SNAPSHOT_COMPRESSION",
        default_value = "zstd",
        hide_env_values = true,
        value_name = "zstd|gzip",
        help_heading = "Snapshots"
    )]
    snapshot_compression: String,

    /// Tables that the archive also holds as JSON that Django loads, with wildcards: auth_user,checkouts_*
    #[arg(
        long,
        env = "SNAPSHOT_FIXTURES",
        default_value = "",
        hide_env_values = true,
        value_name = "TABLES",
        help_heading = "Snapshots",
        visible_alias = "fixtures"
    )]
    snapshot_fixtures: String,

    /// The public key of age that archives are encrypted for, as age1…; several by commas
    #[arg(
        long,
        env = "SNAPSHOT_RECIPIENT",
        default_value = "",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Snapshots"
    )]
    snapshot_recipient: String,

    /// The file with age's secret key, which restoring an encrypted snapshot needs
    #[arg(
        long,
        env = "SNAPSHOT_IDENTITY_FILE",
        default_value = "",
        hide_env_values = true,
        value_name = "FILE",
        help_heading = "Snapshots"
    )]
    snapshot_identity_file: String,
}

/// What the variables mean.
#[derive(Clone)]
pub struct SnapshotSettings {
    /// When one is taken, if that is scheduled at all.
    pub schedule: Option<ScheduleSettings>,
    /// What is taken and where it is kept; nothing without a store.
    pub taken: Option<snapshots::Settings>,
    /// The secret keys that open encrypted ones.
    pub identities: Vec<Identity>,
    /// Without success for this long, a snapshot is overdue.
    pub max_age: Option<Duration>,
}

impl std::fmt::Debug for SnapshotSettings {
    /// Without the secret keys.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SnapshotSettings")
            .field("schedule", &self.schedule)
            .field("taken", &self.taken)
            .field("identities", &self.identities.len())
            .field("max_age", &self.max_age)
            .finish()
    }
}

impl MaxAgeOptions {
    /// The time it means, if it is set.
    ///
    /// # Errors
    /// What is wanted.
    pub fn read(&self) -> Result<Option<Duration>, String> {
        match self.snapshot_max_age.trim() {
            "" => Ok(None),
            text => pg_replicate::parse_duration(text)
                .filter(|age| !age.is_zero())
                .map(Some)
                .ok_or_else(|| "a time as `1 hour` or `90 minutes` is wanted".into()),
        }
    }
}

impl SnapshotOptions {
    /// `directory`: where dumps stand. Both are nothing when they are wrong themselves.
    pub(super) fn read(
        &self,
        reader: &mut Reader,
        directory: Option<&Path>,
        copy: Option<&CopySettings>,
    ) -> Option<SnapshotSettings> {
        let schedule = match self.snapshot_schedule.trim() {
            "" => Some(None),
            cron => reader.schedule("SNAPSHOT_SCHEDULE", cron).map(Some),
        };
        let keep = parsed::<Keep>(reader, "SNAPSHOT_KEEP", or_default(&self.snapshot_keep, KEEP));
        let only = list(reader, "SNAPSHOT_TABLES", &self.snapshot_tables);
        let ignore = list(reader, "SNAPSHOT_IGNORE_TABLES", &self.snapshot_ignore_tables);
        let fixtures = list(reader, "SNAPSHOT_FIXTURES", &self.snapshot_fixtures);
        let format = parsed(reader, "SNAPSHOT_FORMAT", or_default(&self.snapshot_format, "custom"));
        let compression =
            parsed(reader, "SNAPSHOT_COMPRESSION", or_default(&self.snapshot_compression, "zstd"));
        let recipients = keys::recipients(reader, &self.snapshot_recipient);
        let identities = keys::identities(reader, &self.snapshot_identity_file);
        let max_age = self.max_age.read().or_else(|wanted| {
            let found = Some(self.max_age.snapshot_max_age.trim());
            reader.wrong("SNAPSHOT_MAX_AGE", found, wanted).ok_or(())
        });
        let is_wanted = !self.snapshot_schedule.trim().is_empty();
        let store = self.store(reader, is_wanted)?;
        let (keep, only, ignore, fixtures) = (keep?, only?, ignore?, fixtures?);
        let (format, compression, recipients) = (format?, compression?, recipients?);
        let taken = match store {
            None => None,
            Some(store) => Some(snapshots::Settings {
                store,
                format,
                compression,
                tables: Watched { only, ignore },
                fixtures,
                keep,
                recipients,
                directory: directory?.to_owned(),
                jobs: copy?.jobs,
            }),
        };
        let (schedule, identities, max_age) = (schedule?, identities?, max_age.ok()?);
        Some(SnapshotSettings { schedule, taken, identities, max_age })
    }

    fn store(&self, reader: &mut Reader, is_wanted: bool) -> Option<Option<ObjectPlace>> {
        const NAME: &str = "SNAPSHOT_STORE";
        let text = self.snapshot_store.trim();
        if text.is_empty() {
            if is_wanted {
                let wanted = "where snapshots are kept is wanted while SNAPSHOT_SCHEDULE is set, as s3://bucket/prefix or file:///directory";
                return reader.wrong(NAME, None, wanted.into());
            }
            return Some(None);
        }
        let Ok(url) = Url::parse(text) else {
            // It may hold a password.
            let wanted = "a URL is wanted, as s3://bucket/prefix or file:///directory";
            return reader.wrong(NAME, None, wanted.into());
        };
        let limits = Limits::default();
        let limits = StoreLimits { silence: limits.silence, retry: limits.retry };
        match ObjectPlace::open(&url, std::env::vars(), &limits) {
            Ok(place) => Some(Some(place)),
            Err(error) => reader.wrong(NAME, None, error.to_string()),
        }
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    reader: &mut Reader,
    variable: &'static str,
    text: &str,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => reader.wrong(variable, None, error.to_string()),
    }
}

/// A list by commas or spaces; a comma between braces is part of a pattern.
fn list<T: FromStr<Err: std::fmt::Display>>(
    reader: &mut Reader,
    variable: &'static str,
    text: &str,
) -> Option<Vec<T>> {
    let mut depth = 0_i32;
    let parts = text.split(|one: char| {
        depth += i32::from(one == '{') - i32::from(one == '}');
        depth <= 0 && (one == ',' || one.is_whitespace())
    });
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let read: Vec<Option<T>> =
        parts.into_iter().map(|part| parsed(reader, variable, part)).collect();
    read.into_iter().collect()
}
