//! Snapshots: backups that are kept when the data has changed.

mod keys;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use backup_sources::Limits;
use clap::Args;
use media_sync::Side;
use object_stores::{ObjectPlace, StoreLimits};
use pipeline::config::MaxAgeOptions;
use snapshots::{Identity, RetentionPolicy, Watched};
use url::Url;

use super::copy::CopySettings;
use super::protected::Protected;
use super::reader::{Reader, or_default};
use super::settings::ScheduleSettings;

const KEEP: &str = "last=10,daily=7,weekly=4,monthly=12";

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct SnapshotOptions {
    /// When a snapshot of SOURCE_DATABASE_URL is taken: five-field cron, time zone Europe/Paris; never by default
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

    /// S3 bucket for snapshots, if SNAPSHOT_STORE is not set
    #[arg(
        long,
        env = "S3_BUCKET_NAME",
        default_value = "",
        hide_env_values = true,
        value_name = "BUCKET",
        help_heading = "Snapshots"
    )]
    s3_bucket_name: String,

    /// S3 access key of SNAPSHOT_STORE, if AWS_ACCESS_KEY_ID is not set
    #[arg(
        long,
        env = "S3_ACCESS_KEY",
        default_value = "",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Snapshots"
    )]
    s3_access_key: String,

    /// S3 secret key of SNAPSHOT_STORE, if AWS_SECRET_ACCESS_KEY is not set
    #[arg(
        long,
        env = "S3_SECRET_KEY",
        default_value = "",
        hide_env_values = true,
        value_name = "SECRET",
        help_heading = "Snapshots"
    )]
    s3_secret_key: String,

    /// Retention policy: how many of the last snapshots, and of the newest of each hour, day, week and month, are kept
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

    /// Tables whose changes do not count, with wildcards; they are still part of the dump
    #[arg(
        long,
        env = "SNAPSHOT_IGNORE_TABLES",
        default_value = "",
        hide_env_values = true,
        value_name = "TABLES",
        help_heading = "Snapshots"
    )]
    snapshot_ignore_tables: String,

    /// Whether the newest archive is also stored under a fixed name, <database>-latest.tar.zst
    #[arg(
        long,
        env = "SNAPSHOT_LATEST_ARCHIVE",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Snapshots"
    )]
    snapshot_latest_archive: String,

    /// What pg_dump writes: `custom`, which pg_restore takes, or `plain` SQL
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

    /// Tables that the archive also holds as JSON that Django loads, with wildcards: auth_user,checkouts_*;
    /// where a model has a db_column, with the field of the column: checkouts_checkout(day_of=day)
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

    /// The public key of age that archives are encrypted for, as age1…; several are separated by commas
    #[arg(
        long,
        env = "SNAPSHOT_RECIPIENT",
        default_value = "",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Snapshots"
    )]
    snapshot_recipient: String,

    /// File with age's secret key, needed to restore encrypted snapshots
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

impl SnapshotOptions {
    /// Whether there is a place for snapshots.
    pub(super) fn has_store(&self) -> bool {
        [&self.snapshot_store, &self.s3_bucket_name].iter().any(|text| !text.trim().is_empty())
    }

    /// `directory`: where dumps stand. Both are nothing when they are wrong themselves.
    pub(super) fn read(
        &self,
        reader: &mut Reader,
        protected: &Protected,
        directory: Option<&Path>,
        copy: Option<&CopySettings>,
    ) -> Option<SnapshotSettings> {
        let schedule = match self.snapshot_schedule.trim() {
            "" => Some(None),
            cron => reader.schedule("SNAPSHOT_SCHEDULE", cron).map(Some),
        };
        let keep = parsed::<RetentionPolicy>(
            reader,
            "SNAPSHOT_KEEP",
            or_default(&self.snapshot_keep, KEEP),
        );
        let only = list(reader, "SNAPSHOT_TABLES", &self.snapshot_tables);
        let ignore = list(reader, "SNAPSHOT_IGNORE_TABLES", &self.snapshot_ignore_tables);
        let fixtures = list(reader, "SNAPSHOT_FIXTURES", &self.snapshot_fixtures);
        let format = parsed(reader, "SNAPSHOT_FORMAT", or_default(&self.snapshot_format, "custom"));
        let compression =
            parsed(reader, "SNAPSHOT_COMPRESSION", or_default(&self.snapshot_compression, "zstd"));
        let recipients = keys::recipients(reader, &self.snapshot_recipient);
        let identities = keys::identities(reader, &self.snapshot_identity_file);
        let latest_archive =
            reader.flag("SNAPSHOT_LATEST_ARCHIVE", &self.snapshot_latest_archive, false);
        let max_age = self.max_age.read().or_else(|wanted| {
            let found = Some(self.max_age.snapshot_max_age.trim());
            reader.wrong("SNAPSHOT_MAX_AGE", found, wanted).ok_or(())
        });
        let is_wanted = !self.snapshot_schedule.trim().is_empty();
        let store = self.store(reader, protected, is_wanted)?;
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
                latest_archive,
                recipients,
                directory: directory?.to_owned(),
                jobs: copy?.jobs,
            }),
        };
        let (schedule, identities, max_age) = (schedule?, identities?, max_age.ok()?);
        Some(SnapshotSettings { schedule, taken, identities, max_age })
    }

    fn store(
        &self,
        reader: &mut Reader,
        protected: &Protected,
        is_wanted: bool,
    ) -> Option<Option<ObjectPlace>> {
        let (name, text) = match (self.snapshot_store.trim(), self.s3_bucket_name.trim()) {
            ("", "") if is_wanted => {
                let wanted = "required while SNAPSHOT_SCHEDULE is set: must be a URL such as s3://bucket/prefix or file:///directory";
                return reader.wrong("SNAPSHOT_STORE", None, wanted.into());
            }
            ("", "") => return Some(None),
            ("", bucket) => ("S3_BUCKET_NAME", format!("s3://{bucket}")),
            (text, _) => ("SNAPSHOT_STORE", text.to_owned()),
        };
        let Ok(url) = Url::parse(&text) else {
            // It may hold a password.
            let wanted = "must be a URL such as s3://bucket/prefix or file:///directory; in S3_BUCKET_NAME the bucket alone";
            return reader.wrong(name, None, wanted.into());
        };
        let side = Side::new(&text, "SNAPSHOT_", std::env::vars());
        if let Some(reason) = side.ok().and_then(|side| protected.refuses_store(&side)) {
            return reader.wrong(name, None, reason);
        }
        let limits = Limits::default();
        let limits = StoreLimits { silence: limits.silence, retry: limits.retry };
        let environment = std::env::vars().chain(self.s3_credentials(reader, &url)?);
        match ObjectPlace::open(&url, environment, &limits) {
            Ok(place) => Some(Some(place)),
            Err(error) => reader.wrong(name, None, error.to_string()),
        }
    }

    /// `S3_ACCESS_KEY` and `S3_SECRET_KEY` by the names that stores know, where those are not set.
    fn s3_credentials(&self, reader: &mut Reader, url: &Url) -> Option<Vec<(String, String)>> {
        let (key, secret) = (self.s3_access_key.trim(), self.s3_secret_key.trim());
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if url.scheme() != "s3" || is_set("AWS_ACCESS_KEY_ID") {
            return Some(Vec::new());
        }
        match (key, secret) {
            ("", "") => Some(Vec::new()),
            ("", _) => {
                reader.wrong("S3_ACCESS_KEY", None, "S3_SECRET_KEY is set without it".into())
            }
            (_, "") => {
                reader.wrong("S3_SECRET_KEY", None, "S3_ACCESS_KEY is set without it".into())
            }
            _ => Some(vec![
                ("AWS_ACCESS_KEY_ID".into(), key.into()),
                ("AWS_SECRET_ACCESS_KEY".into(), secret.into()),
            ]),
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
        Err(error) => reader.wrong_text(variable, text, error.to_string()),
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
