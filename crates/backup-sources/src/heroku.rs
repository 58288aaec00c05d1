//! Backup source `heroku`: the backups that Heroku makes of an application's database.
//!
//! Endpoints and fields are those of Heroku's own command line (`heroku pg:backups`).

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_requests::{Secret, SecretUrl, describe, redacted};
use progress::CancellationToken;
use reqwest::{Client, Method};
use serde::Deserialize;
use url::Url;

use crate::download_url::DownloadUrl;
use crate::platform::{Answer, Api};
use crate::{Backup, BackupQuery, BackupSource, Error, Limits, OpenError, Opened};

/// A transfer to Heroku's own storage is a backup; others are copies between databases, or uploads.
const BACKUP: &str = "gof3r";

/// `BACKUP_SOURCE=heroku`: an application's newest successful backup.
#[derive(Debug)]
pub struct HerokuSource {
    app: String,
    key: Secret,
    data_url: Url,
    api: Api,
    downloads: Client,
    download_url: DownloadUrl,
}

#[derive(Deserialize)]
struct Transfer {
    num: u64,
    to_type: Option<String>,
    succeeded: Option<bool>,
    created_at: String,
    finished_at: Option<String>,
    processed_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct PublicUrl {
    url: Url,
}

impl HerokuSource {
    /// The backups of `app`, read with `key` from the data API at `data_url`.
    ///
    /// # Errors
    /// When no HTTP client can be created.
    pub fn new(app: &str, key: Secret, data_url: Url, limits: &Limits) -> Result<Self, Error> {
        let downloads = http_requests::download_client(limits.silence)
            .map_err(|error| Error::Configuration(describe(error)))?;
        Ok(Self {
            app: app.into(),
            key,
            data_url,
            api: Api::new(limits)?,
            downloads,
            download_url: DownloadUrl::default(),
        })
    }

    async fn request<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        what: &str,
        cancel: &CancellationToken,
    ) -> Result<T, Error> {
        let mut url = self.data_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["client", "v11", "apps", self.app.as_str()]);
            segments.extend(path);
        }
        let request = self.api.client.request(method, url.clone()).bearer_auth(self.key.expose());
        let hint = "check HEROKU_APP, and that the account of HEROKU_API_KEY may see its backups";
        match self.api.json(request, &url, (what, hint), &self.key, cancel).await? {
            Answer::Good(answer) => Ok(answer),
            Answer::Unauthorized(error) => Err(error),
        }
    }

    async fn newest(
        &self,
        query: &BackupQuery,
        cancel: &CancellationToken,
    ) -> Result<Backup, Error> {
        let what = "list Heroku's backups";
        let transfers: Vec<Transfer> =
            self.request(Method::GET, &["transfers"], what, cancel).await?;
        let mut newest: Option<Backup> = None;
        let mut failed: Option<(DateTime<Utc>, u64)> = None;
        for transfer in transfers.iter().filter(|one| one.to_type.as_deref() == Some(BACKUP)) {
            let created_at = time(&transfer.created_at).ok_or_else(|| Error::Answer {
                what: what.into(),
                url: redacted(&self.data_url),
                reason: format!("created_at is \"{}\", which is not a time", transfer.created_at),
            })?;
            if transfer.succeeded == Some(true) {
                if newest.as_ref().is_none_or(|newest| newest.created_at < created_at) {
                    let id = transfer.num.to_string();
                    newest = Some(Backup { id, created_at, size: transfer.processed_bytes });
                }
            } else if transfer.finished_at.is_some()
                && failed.is_none_or(|(latest, _)| latest < created_at)
            {
                failed = Some((created_at, transfer.num));
            }
        }
        let Some(newest) = newest else {
            let reason = match failed {
                Some((_, num)) => format!("no backup has succeeded; the newest, {num}, failed"),
                None => "there is no backup yet (heroku pg:backups:capture creates one)".into(),
            };
            return Err(Error::NoBackup { place: self.place(), reason });
        };
        if let Some((_, num)) = failed.filter(|(at, _)| *at > newest.created_at) {
            tracing::warn!(
                "Heroku's backup {num} failed; {} is the newest that did not",
                newest.id
            );
        }
        if query.accepts(newest.created_at) {
            return Ok(newest);
        }
        let found = newest.describe(query.now);
        let reason =
            format!("{found} is too old: BACKUP_MAX_AGE requires one from {}", query.max_age);
        Err(Error::NoBackup { place: self.place(), reason })
    }

    async fn ask_link(&self, id: &str, cancel: &CancellationToken) -> Result<SecretUrl, Error> {
        let path = ["transfers", id, "actions", "public-url"];
        let what = "ask Heroku for the backup's URL";
        let answer: PublicUrl = self.request(Method::POST, &path, what, cancel).await?;
        Ok(SecretUrl(answer.url))
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

impl BackupSource for HerokuSource {
    fn place(&self) -> String {
        format!("Heroku's application {}", self.app)
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

/// `2026-11-21 01:00:00 +0000`, as used by this API, or RFC 3339.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z"))
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_time_are_read() {
        let wanted = "2026-11-21T01:00:00Z".parse().ok();
        assert_eq!(time("2026-11-21 01:00:00 +0000"), wanted);
        assert_eq!(time("2026-11-21T02:00:00+01:00"), wanted);
        assert_eq!(time("yesterday"), None);
    }
}
