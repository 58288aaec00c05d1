//! Scalingo's three APIs on one host.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Response, Uri, header};
use axum::routing::{any, get};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::downloads::{Downloads, json as in_json, plain};
use crate::error::Error;
use crate::fakes::http::HttpServer;

/// Exchanges tokens, lists add-ons and backups, creates backups; stopped when dropped.
#[derive(Debug)]
pub struct ScalingoApi {
    server: HttpServer,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    downloads: Downloads,
    state: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    url: String,
    /// Tokens of earlier generations are no longer accepted.
    generation: u32,
    addons: Vec<Value>,
    backups: Vec<Value>,
    failures: VecDeque<u16>,
    requests: Vec<String>,
    /// The statuses that a started backup has, one per request.
    course: Vec<&'static str>,
    /// The content of a backup that is started.
    next: Vec<u8>,
}

impl ScalingoApi {
    /// The only application.
    pub const APP: &'static str = "pix-api-production";
    /// The accepted API token.
    pub const TOKEN: &'static str = "tk-us-a-token-of-the-tests";
    /// Part of the query of a backup's URL.
    pub const SIGNATURE: &'static str = "signature-of-scalingo";
    /// The id of the PostgreSQL add-on.
    pub const ADDON: &'static str = "ad-1234";

    /// Starts the APIs: an application with a Redis and a PostgreSQL add-on and no backup.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> Result<Self, Error> {
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/archives/{id}", get(download))
            .fallback(any(api))
            .with_state(Arc::clone(&shared));
        let server = HttpServer::start(router)?;
        {
            let mut state = shared.lock();
            state.url = server.url();
            state.addons = vec![addon("ad-redis", "redis"), addon(Self::ADDON, "postgresql")];
            state.course = vec!["scheduled", "running", "done"];
        }
        Ok(Self { server, shared })
    }

    /// The value of `SCALINGO_AUTH_URL`, `SCALINGO_API_URL` and `SCALINGO_DB_API_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The downloads of backups, by id.
    #[must_use]
    pub fn downloads(&self) -> &Downloads {
        &self.shared.downloads
    }

    /// Adds a backup created at `created_at` (`2026-11-21T01:00:00Z`) with a status.
    pub fn add(&self, id: &str, created_at: &str, status: &str, bytes: Vec<u8>) {
        let backup = backup(id, created_at, status, bytes.len());
        self.downloads().put(id, bytes);
        self.shared.lock().backups.push(backup);
    }

    /// Adds a running backup, whose status changes with every request until the last one of `course`.
    pub fn set_course(&self, course: &[&'static str], bytes: Vec<u8>) {
        let mut state = self.shared.lock();
        state.course = course.to_vec();
        state.next = bytes;
    }

    /// Replaces the add-ons of the application.
    pub fn set_addons(&self, addons: Vec<Value>) {
        self.shared.lock().addons = addons;
    }

    /// An add-on as listed by the API.
    #[must_use]
    pub fn addon(id: &str, kind: &str) -> Value {
        addon(id, kind)
    }

    /// Invalidates all tokens issued so far, as happens after an hour.
    pub fn expire_tokens(&self) {
        self.shared.lock().generation += 1;
    }

    /// The next requests to the APIs are answered with these statuses.
    pub fn fail(&self, statuses: impl IntoIterator<Item = u16>) {
        self.shared.lock().failures = statuses.into_iter().collect();
    }

    /// The requests received so far, such as `POST /v1/tokens/exchange`, except downloads.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn addon(id: &str, kind: &str) -> Value {
    json!({
        "id": id, "resource_id": format!("{kind}_resource"), "status": "running",
        "plan": { "name": "starter" }, "addon_provider": { "id": kind, "name": kind },
    })
}

fn backup(id: &str, created_at: &str, status: &str, size: usize) -> Value {
    json!({
        "id": id, "created_at": created_at, "started_at": created_at, "name": id, "size": size,
        "status": status, "database_id": "db-1", "method": "periodic",
    })
}

async fn api(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let mut state = shared.lock();
    state.requests.push(format!("{method} {}", uri.path()));
    if let Some(status) = state.failures.pop_front() {
        return plain(status, "out of order");
    }
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if path == ["v1", "tokens", "exchange"] {
        // HTTP Basic authentication with an empty user name and the token as password.
        let wanted =
            format!("Basic {}", BASE64_STANDARD.encode(format!(":{}", ScalingoApi::TOKEN)));
        return if given == Some(&wanted) {
            in_json(&json!({ "token": state.token("jwt") }))
        } else {
            plain(401, "{\"error\":\"invalid token\"}")
        };
    }
    let kind = if path[0] == "v1" { "jwt" } else { "addon" };
    if given != Some(&format!("Bearer {}", state.token(kind))) {
        return plain(401, "{\"error\":\"token expired\"}");
    }
    match (method.as_str(), path.as_slice()) {
        ("GET", ["v1", "apps", ScalingoApi::APP, "addons"]) => {
            in_json(&json!({ "addons": state.addons }))
        }
        ("POST", ["v1", "apps", ScalingoApi::APP, "addons", ScalingoApi::ADDON, "token"]) => {
            in_json(
                &json!({ "addon": { "id": ScalingoApi::ADDON, "token": state.token("addon") } }),
            )
        }
        (method, ["api", "databases", ScalingoApi::ADDON, "backups"]) => {
            if method == "POST" {
                let now = chrono::Utc::now().to_rfc3339();
                let backup = backup("made", &now, "scheduled", 0);
                state.backups.push(backup.clone());
                in_json(&json!({ "database_backup": backup }))
            } else {
                in_json(&json!({ "database_backups": state.backups }))
            }
        }
        ("GET", ["api", "backups", id]) => state.look(id, &shared.downloads),
        ("GET", ["api", "databases", ScalingoApi::ADDON, "backups", id, "archive"]) => {
            let url = format!(
                "{}/archives/{id}?signature={}-{}",
                state.url,
                ScalingoApi::SIGNATURE,
                state.requests.len()
            );
            in_json(&json!({ "download_url": url }))
        }
        _ => plain(404, "{\"error\":\"not found\"}"),
    }
}

impl Inner {
    fn token(&self, kind: &str) -> String {
        format!("{kind}-token-{}", self.generation)
    }

    fn look(&mut self, id: &str, downloads: &Downloads) -> Response<Body> {
        let status = if self.course.len() > 1 { self.course.remove(0) } else { self.course[0] };
        let next = self.next.clone();
        match self.backups.iter_mut().find(|backup| backup["id"] == id) {
            Some(backup) => {
                backup["status"] = status.into();
                if status == "done" {
                    backup["size"] = next.len().into();
                    downloads.put(id, next);
                }
                in_json(&json!({ "database_backup": backup }))
            }
            None => plain(404, "{\"error\":\"not found\"}"),
        }
    }
}

async fn download(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if headers.contains_key(header::AUTHORIZATION) {
        return plain(400, "a signed URL takes no Authorization");
    }
    let query = uri.query().unwrap_or_default();
    if !query.contains(ScalingoApi::SIGNATURE) {
        return plain(403, "not signed");
    }
    shared.downloads.answer(&id, query, &headers)
}
