//! Backup source `s3`: an object store (S3 and compatible ones, Azure, Google Cloud, a directory).

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStoreExt};
use object_stores::{Listed, ObjectPlace, StoreLimits, is_unreachable, reason};
use progress::CancellationToken;
use url::Url;

use crate::{Backup, BackupQuery, BackupSource, Error, Limits, OpenError, Opened};

/// Suffixes of objects that are stored next to backups.
const COMPANIONS: [&str; 12] = [
    ".json", ".txt", ".log", ".md5", ".sha1", ".sha256", ".sha512", ".sig", ".asc", ".partial",
    ".tmp", ".crc",
];

/// `BACKUP_SOURCE=s3`: one object, or the newest one below a prefix.
#[derive(Debug)]
pub struct ObjectStorageSource {
    place: ObjectPlace,
}

impl ObjectStorageSource {
    /// The object or prefix at `url` (`s3://`, `az://`, `gs://`, `file:///` …). `environment` contains
    /// credentials and endpoint in the stores' usual variables (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …).
    ///
    /// # Errors
    /// An invalid URL or variable.
    pub fn from_url(
        url: &Url,
        environment: impl IntoIterator<Item = (String, String)>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let limits = StoreLimits { silence: limits.silence, retry: limits.retry };
        ObjectPlace::open(url, environment, &limits)
            .map(Self::new)
            .map_err(|error| Error::Configuration(error.to_string()))
    }

    /// The object at this place, or the objects below it.
    #[must_use]
    pub fn new(place: ObjectPlace) -> Self {
        Self { place }
    }

    async fn newest(&self, query: &BackupQuery) -> Result<Backup, Error> {
        let Some(newest) = self.newest_object().await? else {
            return Err(Error::NoBackup {
                place: self.place(),
                reason: "there is no object with this name or below it; check BACKUP_URL".into(),
            });
        };
        let backup = Backup {
            id: newest.location.to_string(),
            created_at: newest.last_modified,
            size: Some(newest.size),
        };
        if query.accepts(backup.created_at) {
            return Ok(backup);
        }
        let found = backup.describe(query.now);
        let reason =
            format!("{found} is too old: BACKUP_MAX_AGE requires one from {}", query.max_age);
        Err(Error::NoBackup { place: self.place(), reason })
    }

    /// The object with exactly this name, or the newest below it.
    async fn newest_object(&self) -> Result<Option<ObjectMeta>, Error> {
        if !self.place.path.is_root() {
            match self.place.store.head(&self.place.path).await {
                Ok(object) => return Ok(Some(object)),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.rejected("look at", &error)),
            }
        }
        let mut objects = self.place.list();
        let mut newest: Option<ObjectMeta> = None;
        while let Some(listed) =
            objects.try_next().await.map_err(|error| self.rejected("list", &error))?
        {
            // Unsupported names are skipped: one of them must not hide all backups.
            let Listed::Object { key, size, modified: last_modified } = listed else { continue };
            let path = &self.place.path;
            let key = if path.is_root() { key } else { format!("{path}/{key}") };
            let Ok(location) = Path::parse(key) else { continue };
            let object = ObjectMeta { location, last_modified, size, e_tag: None, version: None };
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
        // Without an ETag, `version` is a date, which the download compares itself.
        let if_match = version.filter(|version| !is_date(version)).map(str::to_owned);
        let options = GetOptions { range, if_match, ..GetOptions::default() };
        // Unchanged: `from` would escape a % in its name again.
        let id = backup.id.as_str();
        let path = Path::parse(id).unwrap_or_else(|_| Path::from(id));
        let got = self.place.store.get_opts(&path, options).await.map_err(|error| match error {
            object_store::Error::Precondition { .. } => OpenError::lasting(Error::Changed {
                backup: format!("backup {}", backup.id),
                reason: "its version has changed".into(),
            }),
            object_store::Error::NotFound { .. } => OpenError::lasting(Error::NoBackup {
                place: self.place(),
                reason: format!("the backup no longer exists: {path}"),
            }),
            // The store has already retried.
            other => OpenError::lasting(self.rejected("open", &other)),
        })?;
        Ok(Opened {
            from: got.range.start,
            total: Some(got.meta.size),
            version: Some(got.meta.e_tag.clone().unwrap_or_else(|| date(got.meta.last_modified))),
            body: got.into_stream().map_err(|error| reason(&error)).boxed(),
        })
    }

    fn rejected(&self, action: &str, error: &object_store::Error) -> Error {
        let (what, reason) = (format!("{action} {}", self.place.shown()), reason(error));
        if is_unreachable(error) {
            return Error::Unreachable { url: self.place.shown().to_owned(), reason };
        }
        Error::Store { what, reason }
    }
}

impl BackupSource for ObjectStorageSource {
    fn place(&self) -> String {
        self.place.shown().to_owned()
    }

    fn find<'a>(
        &'a self,
        query: &'a BackupQuery,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Backup, Error>> {
        self.newest(query).boxed()
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
