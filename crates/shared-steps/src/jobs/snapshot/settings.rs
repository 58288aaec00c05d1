//! Variables of snapshots.

mod keys;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use backup_sources::Limits;
use clap::Args;
use http_requests::Secret;
use media_sync::Side;
use object_stores::{ObjectPlace, StoreLimits};
use snapshots::{
    Compression, DumpFormat, Fixture, Identity, Pattern, Recipient, RetentionPolicy, Watched,
};
use url::Url;

use crate::config::copy::CopySettings;
use crate::config::protected::Protected;
use crate::config::schedule::{ScheduleSettings, schedule};
use crate::config::web_values::secret;
use pipeline::config::Findings;
use pipeline::config::MaxAgeOptions;
use pipeline::config::variable::{
    Flag, List, Optional, Variable, flag, hidden, one_of, quoted, quoting, text, value,
};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Snapshots")]
pub(crate) struct SnapshotOptions {
    /// When a snapshot of SOURCE_DATABASE_URL is taken, and kept if its data has changed: five-field cron,
    /// time zone Europe/Paris; never by default (docs/snapshots.md)
    ///
    /// Example: */5 * * * *
    #[arg(long, env, value_name = "CRON", value_parser = schedule().optional())]
    snapshot_schedule: Optional<ScheduleSettings>,

    /// Where snapshots are kept: s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or
    /// file:///directory; credentials in AWS_…, AZURE_…, GOOGLE_…
    ///
    /// Required if SNAPSHOT_SCHEDULE is set, and by `run snapshot`, `run snapshots`, `run restore --from`.
    ///
    /// Example: s3://bucket/snapshots/
    #[arg(long, env, value_name = "URL", value_parser = text())]
    snapshot_store: String,

    /// S3 bucket for snapshots, if SNAPSHOT_STORE is not set
    ///
    /// Example: snapshots.example.com
    #[arg(long, env, value_name = "BUCKET", value_parser = text())]
    s3_bucket_name: String,

    /// S3 access key of SNAPSHOT_STORE, if AWS_ACCESS_KEY_ID is not set
    #[arg(long, env, value_name = "KEY", value_parser = text())]
    s3_access_key: String,

    /// S3 secret key of SNAPSHOT_STORE, if AWS_ACCESS_KEY_ID is not set
    #[arg(long, env, value_name = "SECRET", value_parser = secret())]
    s3_secret_key: Secret,

    /// Retention policy: how many of the last snapshots, and of the newest of each hour, day, week and
    /// month that have one, are kept
    #[arg(
        long,
        env,
        default_value = "last=10,daily=7,weekly=4,monthly=12",
        value_name = "COUNTS",
        value_parser = quoted::<RetentionPolicy>()
    )]
    snapshot_keep: RetentionPolicy,

    #[command(flatten)]
    max_age: MaxAgeOptions,

    /// The tables whose changes count, separated by commas, with the wildcards * ? [ab] {a,b}; by default
    /// all
    ///
    /// Tables outside schema public are named with their schema.
    ///
    /// Example: users,checkouts_*,stats.*
    #[arg(long, env, value_name = "TABLES", value_parser = list::<Pattern>())]
    snapshot_tables: List<Pattern>,

    /// Tables whose changes do not count, with wildcards; they are still part of the dump
    ///
    /// Example: django_session,*_log
    #[arg(long, env, value_name = "TABLES", value_parser = list::<Pattern>())]
    snapshot_ignore_tables: List<Pattern>,

    /// Whether the newest archive is also stored under a fixed name, <database>-latest.tar.zst
    #[arg(long, env, default_value = "false", value_parser = flag())]
    snapshot_latest_archive: Flag,

    /// What pg_dump writes: `custom`, restored by several workers of pg_restore, or `plain` SQL, which psql
    /// reads too
    #[arg(long, env, default_value = "custom", value_parser = one_of([
        ("custom", DumpFormat::Custom),
        ("plain", DumpFormat::Plain),
    ]))]
    snapshot_format: DumpFormat,

    /// The archive around it: `zstd` makes a .tar.zst, `gzip` a .tar.gz, which everything reads
    #[arg(long, env, default_value = "zstd", value_parser = one_of([
        ("zstd", Compression::Zstd),
        ("gzip", Compression::Gzip),
    ]))]
    snapshot_compression: Compression,

    /// Tables that the archive also holds as JSON that Django's loaddata reads, with wildcards; if a
    /// model's field is named differently from its column (db_column), with both: checkouts_checkout(day_of=day)
    ///
    /// Example: auth_*,checkouts_*
    #[arg(
        long,
        env,
        value_name = "TABLES",
        value_parser = list::<Fixture>(),
        visible_alias = "fixtures",
        global = true
    )]
    snapshot_fixtures: List<Fixture>,

    /// The public key of age that archives are encrypted for; several are separated by commas; by default
    /// archives are not encrypted
    ///
    /// Example: age1…
    #[arg(long, env, value_name = "KEY", value_parser = keys::recipients())]
    snapshot_recipient: List<Recipient>,

    /// File with age's secret key, needed to restore encrypted snapshots (`run restore --from`)
    ///
    /// Do not set it where snapshots are only taken.
    ///
    /// Example: /keys/snapshots.txt
    #[arg(long, env, value_name = "FILE", value_parser = value(keys::identities).or(Vec::new))]
    snapshot_identity_file: List<Identity>,
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
    pub(crate) fn has_store(&self) -> bool {
        !self.snapshot_store.is_empty() || !self.s3_bucket_name.is_empty()
    }

    pub(crate) fn settings(
        self,
        findings: &mut Findings,
        protected: &Protected,
        copy: &CopySettings,
    ) -> Option<SnapshotSettings> {
        let taken = self.store(findings, protected)?.map(|store| snapshots::Settings {
            store,
            format: self.snapshot_format,
            compression: self.snapshot_compression,
            tables: Watched { only: self.snapshot_tables, ignore: self.snapshot_ignore_tables },
            fixtures: self.snapshot_fixtures,
            keep: self.snapshot_keep,
            latest_archive: self.snapshot_latest_archive,
            recipients: self.snapshot_recipient,
            directory: copy.backup_directory.clone(),
            jobs: copy.copy_jobs,
        });
        Some(SnapshotSettings {
            schedule: self.snapshot_schedule,
            taken,
            identities: self.snapshot_identity_file,
            max_age: self.max_age.snapshot_max_age,
        })
    }

    fn store(&self, findings: &mut Findings, protected: &Protected) -> Option<Option<ObjectPlace>> {
        let is_scheduled =
            self.snapshot_schedule.is_some() || findings.is_wrong("SNAPSHOT_SCHEDULE");
        let (name, text) = match (self.snapshot_store.as_str(), self.s3_bucket_name.as_str()) {
            ("", "") if is_scheduled => {
                return findings.required("SNAPSHOT_STORE", "SNAPSHOT_SCHEDULE", None);
            }
            ("", "") => return Some(None),
            ("", bucket) => ("S3_BUCKET_NAME", format!("s3://{bucket}")),
            (text, _) => ("SNAPSHOT_STORE", text.to_owned()),
        };
        let Ok(url) = Url::parse(&text) else {
            // It may hold a password.
            let expected = "must be a URL such as s3://bucket/prefix or file:///directory; in S3_BUCKET_NAME the bucket alone";
            return findings.wrong(name, None, expected);
        };
        let side = Side::new(&text, "SNAPSHOT_", std::env::vars());
        if let Some(reason) = side.ok().and_then(|side| protected.refuses_store(&side)) {
            return findings.wrong(name, None, reason);
        }
        let limits = Limits::default();
        let limits = StoreLimits { silence: limits.silence, retry: limits.retry };
        let environment = std::env::vars().chain(self.s3_credentials(findings, &url)?);
        match ObjectPlace::open(&url, environment, &limits) {
            Ok(place) => Some(Some(place)),
            Err(error) => findings.wrong(name, None, error.to_string()),
        }
    }

    /// `S3_ACCESS_KEY` and `S3_SECRET_KEY` by the names that stores know, where those are not set.
    fn s3_credentials(&self, findings: &mut Findings, url: &Url) -> Option<Vec<(String, String)>> {
        let (key, secret) = (self.s3_access_key.as_str(), self.s3_secret_key.expose());
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if url.scheme() != "s3" || is_set("AWS_ACCESS_KEY_ID") {
            return Some(Vec::new());
        }
        match (key, secret) {
            ("", "") => Some(Vec::new()),
            ("", _) => findings.required("S3_ACCESS_KEY", "S3_SECRET_KEY", None),
            (_, "") => findings.required("S3_SECRET_KEY", "S3_ACCESS_KEY", None),
            _ => Some(vec![
                ("AWS_ACCESS_KEY_ID".into(), key.into()),
                ("AWS_SECRET_ACCESS_KEY".into(), secret.into()),
            ]),
        }
    }
}

/// The parser of a list by commas or spaces; a comma between braces is part of a pattern.
fn list<T: FromStr<Err: Display> + 'static>() -> Variable<List<T>> {
    hidden(|given| {
        let mut depth = 0_i32;
        let parts = given.text.split(|one: char| {
            depth += i32::from(one == '{') - i32::from(one == '}');
            depth <= 0 && (one == ',' || one.is_whitespace())
        });
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map_err(|error: T::Err| quoting(part, &error))).collect()
    })
}
