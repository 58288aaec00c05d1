//! Webhook receiver.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::routing::post;

use super::http::HttpServer;
use crate::error::Error;

/// A received call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The path that was called.
    pub path: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The body.
    pub body: String,
}

/// Accepts and records every `POST`; stopped when dropped.
#[derive(Debug)]
pub struct WebhookReceiver {
    server: HttpServer,
    received: Arc<Mutex<Vec<Webhook>>>,
}

impl WebhookReceiver {
    /// Starts the receiver.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> Result<Self, Error> {
        let received = Arc::default();
        let router = Router::new().fallback(post(receive)).with_state(Arc::clone(&received));
        Ok(Self { server: HttpServer::start(router)?, received })
    }

    /// A URL of the receiver; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// The calls received so far, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Webhook> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(
    State(received): State<Arc<Mutex<Vec<Webhook>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let authorization =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let webhook = Webhook { path: uri.path().to_owned(), authorization, body };
    received.lock().unwrap_or_else(PoisonError::into_inner).push(webhook);
    StatusCode::NO_CONTENT
}
