//! The content API, as the learning content step asks it.

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

/// Answers `GET /databases/airtable` with all learning content, to whoever sends the key and says
/// who asks (header `client`); gone when dropped.
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
    /// The key that the API asks for.
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
        let router =
            Router::new().route("/databases/airtable", get(answer)).with_state(Arc::clone(&shared));
        Ok(Self { server: HttpServer::start(router)?, shared })
    }

    /// The value of `LCMS_API_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// How many items of each table the answer has, in the answer's order.
    #[must_use]
    pub fn table_sizes(&self) -> Vec<(String, usize)> {
        self.shared
            .content
            .as_object()
            .into_iter()
            .flatten()
            .map(|(table, items)| (table.clone(), items.as_array().map_or(0, Vec::len)))
            .collect()
    }

    /// The `client` header of each request that was answered.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let expected = format!("Bearer {}", ContentApi::KEY);
    if text(header::AUTHORIZATION.as_str()) != Some(&expected) {
        return refusal(StatusCode::UNAUTHORIZED, "the key is missing or wrong");
    }
    let Some(client) = text("client") else {
        return refusal(StatusCode::BAD_REQUEST, "the header client is missing");
    };
    shared.clients.lock().unwrap_or_else(PoisonError::into_inner).push(client.to_owned());
    Json(shared.content.clone()).into_response()
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
