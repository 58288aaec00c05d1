//! Content API (LCMS), as used by the learning content step.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::content::content;
use super::http::HttpServer;
use crate::error::Error;

/// Returns all learning content to requests with the key and a header `client`: as a stream of documents
/// (`GET /replication-stream`), and as one object, like versions up to 2.35 (`GET /databases/airtable`).
/// Stopped when dropped.
#[derive(Debug)]
pub struct ContentApi {
    server: HttpServer,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    content: Value,
    clients: Mutex<Vec<String>>,
}

impl ContentApi {
    /// The key that requests must contain.
    pub const KEY: &'static str = "a-key-of-the-demo";

    /// Starts the API with [`content`].
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(content())
    }

    /// Starts the API with other content.
    ///
    /// # Errors
    /// As [`ContentApi::start`].
    pub fn start_with(content: Value) -> Result<Self, Error> {
        let shared = Arc::new(Shared { content, clients: Mutex::default() });
        let router = Router::new()
            .route("/databases/airtable", get(object))
            .route("/replication-stream", get(stream))
            .with_state(Arc::clone(&shared));
        Ok(Self { server: HttpServer::start(router)?, shared })
    }

    /// The value of `LCMS_API_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The number of items of each table in the answer, in the answer's order, with the tables' names on the
    /// target.
    #[must_use]
    pub fn table_sizes(&self) -> Vec<(String, usize)> {
        self.shared
            .content
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, items)| {
                let table =
                    if name == "translations" { "learning-content-translations" } else { name };
                (table.to_owned(), items.as_array().map_or(0, Vec::len))
            })
            .collect()
    }

    /// The `client` header of each request that was answered.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn object(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let key = format!("Bearer {}", ContentApi::KEY);
    match admit(&shared, &headers, header::AUTHORIZATION.as_str(), &key) {
        Some(refusal) => refusal,
        None => Json(shared.content.clone()).into_response(),
    }
}

/// Every other document is followed by a newline, because the API guarantees no separators.
async fn stream(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = admit(&shared, &headers, "x-api-key", ContentApi::KEY) {
        return refusal;
    }
    let mut body = String::new();
    for (name, items) in shared.content.as_object().into_iter().flatten() {
        for (place, item) in items.as_array().into_iter().flatten().enumerate() {
            body += &json!({ "type": name, "value": item }).to_string();
            if place.is_multiple_of(2) {
                body.push('\n');
            }
        }
    }
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Refuses requests without the key or without the header `client`.
fn admit(shared: &Shared, headers: &HeaderMap, name: &str, key: &str) -> Option<Response> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text(name) != Some(key) {
        return Some(refusal(StatusCode::UNAUTHORIZED, "the key is missing or wrong"));
    }
    let Some(client) = text("client") else {
        return Some(refusal(StatusCode::BAD_REQUEST, "the header client is missing"));
    };
    shared.clients.lock().unwrap_or_else(PoisonError::into_inner).push(client.to_owned());
    None
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
