//! Backup source `scalingo`: the backups that Scalingo makes of an application's PostgreSQL add-on.
//!
//! Endpoints, fields and statuses are those of Scalingo's documentation and its own Go client.

mod account;
mod choice;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_requests::{Secret, SecretUrl, describe};
use progress::CancellationToken;
use reqwest::{Client, Method};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use self::account::{Account, Addon};
use self::choice::{Choice, Listed, choose};
use crate::download_url::DownloadUrl;
use crate::{Backup, BackupQuery, BackupSource, Error, Limits, OpenError, Opened, age_in_words};

/// URLs of Scalingo's APIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingoHosts {
    /// Issues tokens.
    pub auth: Url,
    /// Applications and add-ons.
    pub api: Url,
    /// Databases and backups.
    pub database_api: Url,
}

/// `BACKUP_SOURCE=scalingo`: the newest backup of an application's database that is done.
#[derive(Debug)]
pub struct ScalingoSource {
    account: Account,
    limits: Limits,
    downloads: Client,
    /// The add-on, after it has been looked up.
    addon: Mutex<Option<Addon>>,
    download_url: DownloadUrl,
}

#[derive(Deserialize)]
struct Backups {
    database_backups: Vec<Listed>,
}

#[derive(Deserialize)]
struct OneBackup {
    database_backup: Listed,
}

#[derive(Deserialize)]
struct Archive {
    download_url: Url,
}

impl ScalingoSource {
    /// The backups of `app`'s database, read with the API token of a collaborator of `app`.
    ///
    /// # Errors
    /// When no HTTP client can be created.
    pub fn new(
        app: &str,
        token: Secret,
        hosts: ScalingoHosts,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let downloads = http_requests::download_client(limits.silence)
            .map_err(|error| Error::Configuration(describe(error)))?;
        Ok(Self {
            account: Account::new(app, token, hosts, limits)?,
            limits: *limits,
            downloads,
            addon: Mutex::default(),
            download_url: DownloadUrl::default(),
        })
    }

    async fn addon(&self, cancel: &CancellationToken) -> Result<Addon, Error> {
        let mut known = self.addon.lock().await;
        if let Some(addon) = &*known {
            return Ok(addon.clone());
        }
        let addon = self.account.postgresql(cancel).await?;
        *known = Some(addon.clone());
        Ok(addon)
    }

    async fn newest(
        &self,
        query: &BackupQuery,
        cancel: &CancellationToken,
    ) -> Result<Backup, Error> {
        let addon = self.addon(cancel).await?;
        let path = ["api", "databases", addon.id.as_str(), "backups"];
        let what = "list Scalingo's backups";
        let listed: Backups =
            self.account.database(&addon, Method::GET, &path, what, cancel).await?;
        match choose(&listed.database_backups, query) {
            Choice::Done(backup) => Ok(backup),
            Choice::Running(backup) => self.wait(&addon, backup, cancel).await,
            Choice::None(_) if query.create => {
                let what = "start a backup on Scalingo";
                let started: OneBackup =
                    self.account.database(&addon, Method::POST, &path, what, cancel).await?;
                let backup = started.database_backup;
                tracing::info!(backup = backup.id, "Started backup {} on Scalingo", backup.id);
                self.wait(&addon, backup, cancel).await
            }
            Choice::None(reason) => Err(Error::NoBackup { place: self.place(), reason }),
        }
    }

    /// Waits until a backup is done.
    async fn wait(
        &self,
        addon: &Addon,
        mut backup: Listed,
        cancel: &CancellationToken,
    ) -> Result<Backup, Error> {
        let none = |reason| Err(Error::NoBackup { place: self.place(), reason });
        let start = tokio::time::Instant::now();
        let id = backup.id.clone();
        tracing::info!(backup = id, status = backup.status, "Waiting for backup {id}");
        loop {
            if backup.is_done() {
                return Ok(backup.into());
            }
            if !backup.is_being_made() {
                return none(format!(
                    "backup {id} of {} ended with status {}; Scalingo's dashboard may say why",
                    backup.created_at, backup.status
                ));
            }
            if start.elapsed() >= self.limits.making {
                let limit = age_in_words(self.limits.making);
                return none(format!("backup {id} is still {} after {limit}", backup.status));
            }
            let pause = tokio::time::sleep(self.limits.poll);
            cancel.run_until_cancelled(pause).await.ok_or(Error::Cancelled)?;
            let path = ["api", "backups", id.as_str()];
            let what = "look at a backup of Scalingo";
            let looked: OneBackup =
                self.account.database(addon, Method::GET, &path, what, cancel).await?;
            backup = looked.database_backup;
        }
    }

    async fn ask_link(&self, id: &str, cancel: &CancellationToken) -> Result<SecretUrl, Error> {
        let addon = self.addon(cancel).await?;
        let path = ["api", "databases", addon.id.as_str(), "backups", id, "archive"];
        let what = "ask Scalingo for the backup's URL";
        let answer: Archive =
            self.account.database(&addon, Method::GET, &path, what, cancel).await?;
        Ok(SecretUrl(answer.download_url))
    }

    async fn open_at(
        &self,
        backup: &Backup,
        from: u64,
        version: Option<&str>,
        cancel: &CancellationToken,
    ) -> Result<Opened, OpenError> {
        let ask = self.ask_link(&backup.id, cancel);
        self.download_url.open(&self.downloads, &backup.id, ask, from, version).await
    }
}

impl BackupSource for ScalingoSource {
    fn place(&self) -> String {
        format!("Scalingo's application {}", self.account.app())
    }

    fn find<'a>(
        &'a self,
        query: &'a BackupQuery,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Backup, Error>> {
        self.newest(query, cancel).boxed()
    }

    fn open<'a>(
        &'a self,
        backup: &'a Backup,
        from: u64,
        version: Option<&'a str>,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Opened, OpenError>> {
        self.open_at(backup, from, version, cancel).boxed()
    }
}

impl From<Listed> for Backup {
    fn from(listed: Listed) -> Self {
        let created_at: DateTime<Utc> = listed.created_at;
        Self { id: listed.id, created_at, size: listed.size.filter(|size| *size > 0) }
    }
}
