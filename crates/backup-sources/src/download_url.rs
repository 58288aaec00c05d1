//! Download URL of the current backup, which a platform issues for some minutes.

use http_requests::SecretUrl;
use reqwest::Client;
use tokio::sync::Mutex;

use crate::platform::open_url;
use crate::{Error, OpenError, Opened};

/// The last issued URL, and its backup.
#[derive(Debug, Default)]
pub(crate) struct DownloadUrl(Mutex<Option<(String, SecretUrl)>>);

impl DownloadUrl {
    /// Opens backup `id` at byte `from`, if it is still `version`. `ask` requests a URL from the platform;
    /// it is awaited only if none is known.
    pub(crate) async fn open(
        &self,
        client: &Client,
        id: &str,
        ask: impl Future<Output = Result<SecretUrl, Error>>,
        from: u64,
        version: Option<&str>,
    ) -> Result<Opened, OpenError> {
        let url = self.get(id, ask).await.map_err(OpenError::lasting)?;
        let opened = open_url(client, &url.0, from, version).await;
        if opened.is_err() {
            // It may have expired: the next attempt requests a new one.
            *self.0.lock().await = None;
        }
        opened.map_err(OpenError::or_expired)
    }

    async fn get(
        &self,
        id: &str,
        ask: impl Future<Output = Result<SecretUrl, Error>>,
    ) -> Result<SecretUrl, Error> {
        let mut known = self.0.lock().await;
        if let Some((_, url)) = known.as_ref().filter(|(its, _)| its == id) {
            return Ok(url.clone());
        }
        let url = ask.await?;
        *known = Some((id.to_owned(), url.clone()));
        Ok(url)
    }
}
