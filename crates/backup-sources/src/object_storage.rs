//! An object store: S3 and what speaks its language, Azure, Google Cloud, a directory.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http_requests::{install_tls_provider, redacted};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    BackoffConfig, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt,
    ObjectStoreScheme, RetryConfig,
};
use pg_replicate::CancellationToken;
use url::Url;

use crate::{Backup, BackupSource, Error, Limits, OpenError, Opened, Wanted};

/// What stands beside backups and is none.
const COMPANIONS: [&str; 12] = [
    ".json", ".txt", ".log", ".md5", ".sha1", ".sha256", ".sha512", ".sig", ".asc", ".partial",
    ".tmp", ".crc",
];

/// Environment variables that configure stores begin so; the others are none of their business.
const VARIABLES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// What a URL must look like.
const SCHEMES_WANTED: &str = "an object store is wanted, as s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or \
     file:///directory";

/// `BACKUP_SOURCE=s3`: one object, or the newest one below a prefix.
pub struct ObjectStorageSource {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// The URL, without secrets.
    shown: String,
}

impl fmt::Debug for ObjectStorageSource {
    /// Without the store, which holds credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ObjectStorageSource").field(&self.shown).finish()
    }
}

impl ObjectStorageSource {
    /// What `url` names (`s3://`, `az://`, `gs://`, `file:///` …). `environment` holds credentials and
    /// endpoint, in the stores' usual variables (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …).
    ///
    /// # Errors
    /// What cannot be used in the URL or the variables.
    pub fn from_url(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        install_tls_provider();
        let wrong = |reason: String| Error::Configuration(format!("{}: {reason}", redacted(url)));
        let (scheme, path) =
            ObjectStoreScheme::parse(url).map_err(|_| wrong(SCHEMES_WANTED.into()))?;
        let options = options(environment, limits);
        let retry = RetryConfig {
            max_retries: limits.retry.retries as usize,
            backoff: BackoffConfig {
                init_backoff: limits.retry.first_wait,
                max_backoff: limits.retry.longest_wait.max(limits.retry.first_wait),
                base: 2.0,
            },
            ..RetryConfig::default()
        };
        // The three builders share their methods, but no trait.
        macro_rules! built {
            ($builder:ty) => {
                options
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.parse().ok()?, value)))
                    .fold(<$builder>::new().with_url(url.as_str()), |builder, (key, value)| {
                        builder.with_config(key, value)
                    })
                    .with_retry(retry)
                    .build()
                    .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
                    .map_err(|error| wrong(reason(&error)))?
            };
        }
        let store = match scheme {
            ObjectStoreScheme::AmazonS3 => built!(AmazonS3Builder),
            ObjectStoreScheme::MicrosoftAzure => built!(MicrosoftAzureBuilder),
            ObjectStoreScheme::GoogleCloudStorage => built!(GoogleCloudStorageBuilder),
            ObjectStoreScheme::Local => Arc::new(LocalFileSystem::new()),
            _ => return Err(wrong(SCHEMES_WANTED.into())),
        };
        Ok(Self { store, path, shown: redacted(url) })
    }

    /// What stands at or below `path` in `store`; `shown` is its name for people.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, path: &str, shown: &str) -> Self {
        Self { store, path: Path::from(path), shown: shown.into() }
    }

    async fn newest(&self, wanted: &Wanted) -> Result<Backup, Error> {
        let Some(newest) = self.look().await? else {
            return Err(Error::NoBackup {
                place: self.place(),
                reason: "there is no object of this name or below it; see BACKUP_URL".into(),
            });
        };
        let backup = Backup {
            id: newest.location.to_string(),
            created_at: newest.last_modified,
            size: Some(newest.size),
        };
        if wanted.accepts(backup.created_at) {
            return Ok(backup);
        }
        let found = backup.describe(wanted.now);
        let reason = format!("{found} is too old: BACKUP_MAX_AGE wants {}", wanted.max_age);
        Err(Error::NoBackup { place: self.place(), reason })
    }

    /// The object of this very name, or the newest below it.
    async fn look(&self) -> Result<Option<ObjectMeta>, Error> {
        if !self.path.is_root() {
            match self.store.head(&self.path).await {
                Ok(object) => return Ok(Some(object)),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.refused("look at", &error)),
            }
        }
        let below = (!self.path.is_root()).then_some(&self.path);
        let mut objects = self.store.list(below);
        let mut newest: Option<ObjectMeta> = None;
        while let Some(object) =
            objects.try_next().await.map_err(|error| self.refused("list", &error))?
        {
            let rank = |one: &ObjectMeta| (one.last_modified, one.location.to_string());
            let is_newer = newest.as_ref().is_none_or(|newest| rank(newest) < rank(&object));
            if is_backup(&object) && is_newer {
                newest = Some(object);
            }
        }
        Ok(newest)
    }

    async fn open_at(
        &self,
        backup: &Backup,
        from: u64,
        version: Option<&str>,
    ) -> Result<Opened, OpenError> {
        let range = (from > 0).then_some(GetRange::Offset(from));
        // Without a tag `version` is a date, which the download compares by itself.
        let if_match = version.filter(|version| !is_date(version)).map(str::to_owned);
        let options = GetOptions { range, if_match, ..GetOptions::default() };
        let path = Path::from(backup.id.as_str());
        let got = self.store.get_opts(&path, options).await.map_err(|error| match error {
            object_store::Error::Precondition { .. } => OpenError::lasting(Error::Changed {
                backup: format!("backup {}", backup.id),
                reason: "its version is another".into(),
            }),
            object_store::Error::NotFound { .. } => OpenError::lasting(Error::NoBackup {
                place: self.place(),
                reason: format!("the backup is gone: {path}"),
            }),
            // The store has tried again by itself.
            other => OpenError::lasting(self.refused("open", &other)),
        })?;
        Ok(Opened {
            from: got.range.start,
            total: Some(got.meta.size),
            version: Some(got.meta.e_tag.clone().unwrap_or_else(|| date(got.meta.last_modified))),
            body: got.into_stream().map_err(|error| reason(&error)).boxed(),
        })
    }

    fn refused(&self, action: &str, error: &object_store::Error) -> Error {
        let (what, reason) = (format!("{action} {}", self.shown), reason(error));
        let is_network = ["error sending request", "operation timed out", "Connect"];
        if is_network.iter().any(|text| reason.contains(text)) {
            return Error::Unreachable { url: self.shown.clone(), reason };
        }
        Error::Store { what, reason }
    }
}

impl BackupSource for ObjectStorageSource {
    fn place(&self) -> String {
        self.shown.clone()
    }

    fn find<'a>(
        &'a self,
        wanted: &'a Wanted,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Backup, Error>> {
        self.newest(wanted).boxed()
    }

    fn open<'a>(
        &'a self,
        backup: &'a Backup,
        from: u64,
        version: Option<&'a str>,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Opened, OpenError>> {
        self.open_at(backup, from, version).boxed()
    }
}

/// The variables that stores read, and our limits.
fn options(
    environment: impl IntoIterator<Item = (String, String)>,
    limits: &Limits,
) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| VARIABLES.iter().any(|prefix| name.starts_with(prefix)))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let is_http = |(name, value): &(String, String)| {
        name.contains("endpoint") && value.starts_with("http://")
    };
    if options.iter().any(is_http) {
        // Who names an http endpoint means it.
        options.push(("allow_http".into(), "true".into()));
    }
    // A download may take hours: only its pieces have a limit.
    options.push(("timeout".into(), "365 days".into()));
    let silence = limits.silence.as_secs().max(1);
    options.push(("read_timeout".into(), format!("{silence} seconds")));
    options
}

fn is_backup(object: &ObjectMeta) -> bool {
    let name = object.location.filename().unwrap_or_default().to_ascii_lowercase();
    object.size > 0 && !COMPANIONS.iter().any(|ending| name.ends_with(ending))
}

fn date(time: DateTime<Utc>) -> String {
    time.to_rfc3339()
}

fn is_date(version: &str) -> bool {
    DateTime::parse_from_rfc3339(version).is_ok()
}

/// What the store said, down to the cause.
fn reason(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
