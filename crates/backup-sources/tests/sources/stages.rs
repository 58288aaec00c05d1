//! Each source with what stands behind it.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backup_sources::{
    BackupSource, FileSource, HerokuSource, ObjectStorageSource, ScalingoHosts, ScalingoSource,
};
use chrono::{DateTime, Utc};
use http_requests::Secret;
use tempfile::TempDir;
use test_servers::fakes::{Downloads, HerokuApi, S3Server, ScalingoApi};

use crate::support::limits;

/// A source that a test can fill and break.
pub(crate) trait Stage {
    /// Without any backup.
    fn start() -> Self;

    /// Adds a backup that was made so long ago.
    fn put(&self, age: Duration, bytes: Vec<u8>);

    fn source(&self) -> Arc<dyn BackupSource>;

    /// What stands between the source and us and can be broken; not for files.
    fn downloads(&self) -> Option<&Downloads> {
        None
    }
}

/// What must never be seen in an error, a log line or a value's `Debug`.
pub(crate) const SECRETS: [&str; 7] = [
    ScalingoApi::TOKEN,
    ScalingoApi::SIGNATURE,
    "jwt-token",
    "addon-token",
    HerokuApi::KEY,
    HerokuApi::SIGNATURE,
    S3Server::SECRET,
];

fn made(age: Duration) -> DateTime<Utc> {
    Utc::now() - age
}

fn write(directory: &TempDir, name: &str, age: Duration, bytes: &[u8]) {
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

/// One file; of several put, the newest is there.
pub(crate) struct OneFile(TempDir);

impl Stage for OneFile {
    fn start() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, age: Duration, bytes: Vec<u8>) {
        let there = std::fs::metadata(self.0.path().join("backup"));
        let its_age = there.map(|there| there.modified().unwrap().elapsed().unwrap());
        if its_age.map_or(true, |its| its > age) {
            write(&self.0, "backup", age, &bytes);
        }
    }

    fn source(&self) -> Arc<dyn BackupSource> {
        Arc::new(FileSource::new(self.0.path().join("backup")))
    }
}

/// An object store that is a directory.
pub(crate) struct Directory(TempDir);

impl Stage for Directory {
    fn start() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, age: Duration, bytes: Vec<u8>) {
        write(&self.0, &format!("backup-{}.dump", age.as_secs()), age, &bytes);
    }

    fn source(&self) -> Arc<dyn BackupSource> {
        let url = url::Url::from_directory_path(self.0.path()).unwrap();
        Arc::new(ObjectStorageSource::from_url(&url, [], &limits()).unwrap())
    }
}

impl Stage for S3Server {
    fn start() -> Self {
        Self::start().unwrap()
    }

    fn put(&self, age: Duration, bytes: Vec<u8>) {
        let modified = made(age).format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        self.put(&format!("nightly/backup-{}.dump", age.as_secs()), &modified, bytes);
    }

    fn source(&self) -> Arc<dyn BackupSource> {
        let url = format!("s3://{}/nightly", Self::BUCKET).parse().unwrap();
        Arc::new(ObjectStorageSource::from_url(&url, self.environment(), &limits()).unwrap())
    }

    fn downloads(&self) -> Option<&Downloads> {
        Some(self.downloads())
    }
}

impl Stage for ScalingoApi {
    fn start() -> Self {
        Self::start().unwrap()
    }

    fn put(&self, age: Duration, bytes: Vec<u8>) {
        self.add(&format!("backup-{}", age.as_secs()), &made(age).to_rfc3339(), "done", bytes);
    }

    fn source(&self) -> Arc<dyn BackupSource> {
        Arc::new(scalingo(self, Self::TOKEN))
    }

    fn downloads(&self) -> Option<&Downloads> {
        Some(self.downloads())
    }
}

pub(crate) fn scalingo(api: &ScalingoApi, token: &str) -> ScalingoSource {
    let url: url::Url = api.url().parse().unwrap();
    let hosts = ScalingoHosts { auth: url.clone(), api: url.clone(), database_api: url };
    ScalingoSource::new(ScalingoApi::APP, Secret::from(token), hosts, &limits()).unwrap()
}

impl Stage for HerokuApi {
    fn start() -> Self {
        Self::start().unwrap()
    }

    fn put(&self, age: Duration, bytes: Vec<u8>) {
        let created_at = made(age).format("%Y-%m-%d %H:%M:%S +0000").to_string();
        self.add(age.as_secs(), &created_at, bytes);
    }

    fn source(&self) -> Arc<dyn BackupSource> {
        Arc::new(heroku(self, HerokuApi::APP, HerokuApi::KEY))
    }

    fn downloads(&self) -> Option<&Downloads> {
        Some(self.downloads())
    }
}

pub(crate) fn heroku(api: &HerokuApi, app: &str, key: &str) -> HerokuSource {
    HerokuSource::new(app, Secret::from(key), api.url().parse().unwrap(), &limits()).unwrap()
}
