//! The health server of the `web` container: a platform wants something that answers on `$PORT`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long Redis may take to answer.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(3);

/// Answers until `stop` is done: `/` always 200, `/health` 503 while Redis does not answer.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    redis_url: String,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/", get(|| async { Json(json!({ "status": "up" })) }))
        .route("/health", get(health))
        .with_state(redis_url);
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}

async fn health(State(redis_url): State<String>) -> impl IntoResponse {
    let answer = tokio::time::timeout(LIMIT, async {
        bull_queue::connect(&redis_url).await?.server_version().await
    });
    match answer.await {
        Ok(Ok(version)) => (StatusCode::OK, Json(json!({ "status": "up", "redis": version }))),
        Ok(Err(error)) => unavailable(error.to_string()),
        Err(_) => unavailable(format!("Redis did not answer within {} s", LIMIT.as_secs())),
    }
}

fn unavailable(reason: String) -> (StatusCode, Json<Value>) {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "degraded", "redis": reason })))
}
