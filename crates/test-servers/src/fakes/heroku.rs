//! Heroku's data API.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, Uri, header};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::downloads::{Downloads, json as in_json, plain};
use crate::error::Error;
use crate::fakes::http::HttpServer;

/// Lists transfers and returns URLs of backups; stopped when dropped.
#[derive(Debug)]
pub struct HerokuApi {
    server: HttpServer,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    url: Mutex<String>,
    downloads: Downloads,
    transfers: Mutex<Vec<Value>>,
    failures: Mutex<VecDeque<u16>>,
}

impl HerokuApi {
    /// The only application.
    pub const APP: &'static str = "shop";
    /// The accepted key.
    pub const KEY: &'static str = "HRKU-a-key-of-the-tests";
    /// Part of the query of a backup's URL.
    pub const SIGNATURE: &'static str = "signature-of-heroku";

    /// Starts the API without transfers.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> Result<Self, Error> {
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/client/v11/apps/{app}/transfers", get(transfers))
            .route("/client/v11/apps/{app}/transfers/{num}/actions/public-url", post(public_url))
            .route("/backups/{num}", get(download))
            .with_state(Arc::clone(&shared));
        let server = HttpServer::start(router)?;
        *lock(&shared.url) = server.url();
        Ok(Self { server, shared })
    }

    /// The value of `HEROKU_DATA_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The downloads of backups, by number.
    #[must_use]
    pub fn downloads(&self) -> &Downloads {
        &self.shared.downloads
    }

    /// Adds a backup that succeeded at `created_at` (`2026-11-21 01:00:00 +0000`).
    pub fn add(&self, num: u64, created_at: &str, bytes: Vec<u8>) {
        let size = bytes.len();
        self.downloads().put(&num.to_string(), bytes);
        self.add_transfer(json!({
            "num": num, "uuid": format!("uuid-{num}"), "from_type": "pg_dump", "to_type": "gof3r",
            "succeeded": true, "created_at": created_at, "started_at": created_at,
            "finished_at": created_at, "processed_bytes": size, "source_bytes": 10 * size,
            "warnings": 0,
        }));
    }

    /// Adds a transfer of any kind.
    pub fn add_transfer(&self, transfer: Value) {
        lock(&self.shared.transfers).push(transfer);
    }

    /// The next requests to the API are answered with these statuses.
    pub fn fail(&self, statuses: impl IntoIterator<Item = u16>) {
        *lock(&self.shared.failures) = statuses.into_iter().collect();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer to a request that must be refused.
fn refusal(shared: &Shared, app: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    if let Some(status) = lock(&shared.failures).pop_front() {
        return Some(plain(status, "out of order"));
    }
    let wanted = format!("Bearer {}", HerokuApi::KEY);
    let given = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    if given != Some(wanted.as_bytes()) {
        return Some(plain(401, "{\"id\":\"unauthorized\"}"));
    }
    (app != HerokuApi::APP).then(|| plain(404, "{\"id\":\"not_found\"}"))
}

async fn transfers(
    State(shared): State<Arc<Shared>>,
    Path(app): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    refusal(&shared, &app, &headers)
        .unwrap_or_else(|| in_json(&Value::Array(lock(&shared.transfers).clone())))
}

async fn public_url(
    State(shared): State<Arc<Shared>>,
    Path((app, num)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    refusal(&shared, &app, &headers).unwrap_or_else(|| {
        let url = format!("{}/backups/{num}?sig={}", lock(&shared.url), HerokuApi::SIGNATURE);
        in_json(&json!({ "url": url, "expires_at": "2026-11-21 02:00:00 +0000" }))
    })
}

async fn download(
    State(shared): State<Arc<Shared>>,
    Path(num): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if headers.contains_key(header::AUTHORIZATION) {
        return plain(400, "a signed URL takes no Authorization");
    }
    shared.downloads.answer(&num, uri.query().unwrap_or_default(), &headers)
}
