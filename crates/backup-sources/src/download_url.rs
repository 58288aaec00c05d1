//! The URL of a backup in work, which a platform hands out for some minutes.

use http_requests::SecretUrl;
use reqwest::Client;
use tokio::sync::Mutex;

use crate::platform::open_url;
use crate::{Error, OpenError, Opened};

/// The URL that was handed out last, and for which backup.
#[derive(Debug, Default)]
pub(crate) struct DownloadUrl(Mutex<Option<(String, SecretUrl)>>);

impl DownloadUrl {
    /// Opens backup `id` from byte `from` on, if it is still `version`. `ask` has the platform hand out
    /// a URL; it is awaited only where none is known.
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
            // It may have expired: the next try asks for another.
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
