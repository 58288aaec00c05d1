//! Requests with an API token, and with tokens derived from it, which are renewed when they expire.

use http_requests::Secret;
use progress::CancellationToken;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::ScalingoHosts;
use crate::platform::{Answer, Api};
use crate::{Error, Limits};

/// The type of add-on that provides PostgreSQL.
const POSTGRESQL: &str = "postgresql";

const HINT: &str =
    "check SCALINGO_APP and SCALINGO_REGION, and that SCALINGO_API_TOKEN's owner is a collaborator";

/// An API token and the tokens derived from it.
#[derive(Debug)]
pub(super) struct Account {
    app: String,
    token: Secret,
    hosts: ScalingoHosts,
    api: Api,
    /// Valid for an hour.
    bearer: Mutex<Option<Secret>>,
    /// The add-on's token, also valid for an hour.
    addon_token: Mutex<Option<Secret>>,
}

/// The add-on with the database.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Addon {
    pub(super) id: String,
    status: String,
    addon_provider: Provider,
}

#[derive(Debug, Clone, Deserialize)]
struct Provider {
    id: String,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
struct Addons {
    addons: Vec<Addon>,
}

#[derive(Deserialize)]
struct AddonToken {
    addon: Token,
}

impl Account {
    pub(super) fn new(
        app: &str,
        token: Secret,
        hosts: ScalingoHosts,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Ok(Self {
            app: app.into(),
            token,
            hosts,
            api: Api::new(limits)?,
            bearer: Mutex::default(),
            addon_token: Mutex::default(),
        })
    }

    pub(super) fn app(&self) -> &str {
        &self.app
    }

    /// The application's only PostgreSQL add-on.
    pub(super) async fn postgresql(&self, cancel: &CancellationToken) -> Result<Addon, Error> {
        let path = ["v1", "apps", self.app.as_str(), "addons"];
        let what = "list the application's add-ons";
        let all: Addons = self.application(Method::GET, &path, what, cancel).await?;
        let place = || format!("Scalingo's application {}", self.app);
        let of = |addon: &Addon| addon.addon_provider.id == POSTGRESQL;
        let found: Vec<Addon> = all.addons.into_iter().filter(of).collect();
        match found.as_slice() {
            [addon] if addon.status == "running" => Ok(addon.clone()),
            [addon] => Err(Error::NoBackup {
                place: place(),
                reason: format!(
                    "its PostgreSQL add-on {} is {}, not running",
                    addon.id, addon.status
                ),
            }),
            [] => Err(Error::NoBackup {
                place: place(),
                reason: "it has no PostgreSQL add-on; check SCALINGO_APP".into(),
            }),
            several => Err(Error::NoBackup {
                place: place(),
                reason: format!(
                    "it has {} PostgreSQL add-ons, but exactly one is expected",
                    several.len()
                ),
            }),
        }
    }

    /// A request about the add-on's database.
    pub(super) async fn database<T: DeserializeOwned>(
        &self,
        addon: &Addon,
        method: Method,
        path: &[&str],
        what: &str,
        cancel: &CancellationToken,
    ) -> Result<T, Error> {
        let url = joined(&self.hosts.database_api, path);
        for is_last in [false, true] {
            let token = self.addon_token(addon, cancel).await?;
            let request = self.api.client.request(method.clone(), url.clone());
            let request = request.bearer_auth(token.expose());
            match self.api.json(request, &url, (what, HINT), &token, cancel).await? {
                Answer::Good(answer) => return Ok(answer),
                Answer::Unauthorized(error) if is_last => return Err(error),
                Answer::Unauthorized(_) => *self.addon_token.lock().await = None,
            }
        }
        Err(Error::Cancelled)
    }

    /// A request about the application.
    async fn application<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        what: &str,
        cancel: &CancellationToken,
    ) -> Result<T, Error> {
        let url = joined(&self.hosts.api, path);
        for is_last in [false, true] {
            let token = self.bearer(cancel).await?;
            let request = self.api.client.request(method.clone(), url.clone());
            let request = request.bearer_auth(token.expose());
            match self.api.json(request, &url, (what, HINT), &token, cancel).await? {
                Answer::Good(answer) => return Ok(answer),
                Answer::Unauthorized(error) if is_last => return Err(error),
                Answer::Unauthorized(_) => *self.bearer.lock().await = None,
            }
        }
        Err(Error::Cancelled)
    }

    async fn bearer(&self, cancel: &CancellationToken) -> Result<Secret, Error> {
        let mut known = self.bearer.lock().await;
        if let Some(token) = &*known {
            return Ok(token.clone());
        }
        let url = joined(&self.hosts.auth, &["v1", "tokens", "exchange"]);
        let request: RequestBuilder =
            self.api.client.post(url.clone()).basic_auth("", Some(self.token.expose()));
        let what = "exchange Scalingo's API token";
        let hint = "see SCALINGO_API_TOKEN";
        match self.api.json::<Token>(request, &url, (what, hint), &self.token, cancel).await? {
            Answer::Good(answer) => {
                let token = Secret::from(answer.token.as_str());
                *known = Some(token.clone());
                Ok(token)
            }
            Answer::Unauthorized(error) => Err(error),
        }
    }

    async fn addon_token(
        &self,
        addon: &Addon,
        cancel: &CancellationToken,
    ) -> Result<Secret, Error> {
        let mut known = self.addon_token.lock().await;
        if let Some(token) = &*known {
            return Ok(token.clone());
        }
        let path = ["v1", "apps", self.app.as_str(), "addons", addon.id.as_str(), "token"];
        let what = "ask for the add-on's token";
        let answer: AddonToken = self.application(Method::POST, &path, what, cancel).await?;
        let token = Secret::from(answer.addon.token.as_str());
        *known = Some(token.clone());
        Ok(token)
    }
}

fn joined(host: &Url, path: &[&str]) -> Url {
    let mut url = host.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}
