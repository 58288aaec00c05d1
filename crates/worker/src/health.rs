//! Health server of the `web` container, for platforms that require something that responds on `$PORT`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use bull_queue::{Connection, Error, RedisUrl};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

/// Time limit for Redis.
const LIMIT: Duration = Duration::from_secs(3);

/// Maximum duration of a connection: a request takes a moment, and one that never ends must not occupy a
/// slot.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// How long responses in progress may take at the end.
const END_LIMIT: Duration = Duration::from_secs(1);

/// The pause after a connection could not be accepted, usually because of a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Redis, over one connection for all requests.
#[derive(Debug)]
struct Redis {
    url: RedisUrl,
    connection: Mutex<Option<Connection>>,
}

impl Redis {
    /// The version of the server.
    async fn version(&self) -> Result<String, Error> {
        let mut connection = self.connection.lock().await;
        let connection = match &mut *connection {
            Some(connection) => connection,
            none => none.insert(bull_queue::connect_to(&self.url).await?),
        }
        .clone();
        let version = connection.server().await?.version;
        Ok(version.unwrap_or_else(|| "unknown".into()))
    }
}

/// Responds until `stop` is done: `/` always with 200, `/health` with 503 while Redis does not answer.
pub async fn serve(listener: TcpListener, redis: RedisUrl, stop: impl Future<Output = ()>) {
    let redis = Arc::new(Redis { url: redis, connection: Mutex::default() });
    let routes = Router::new()
        .route("/", get(|| async { Json(json!({ "status": "up" })) }))
        .route("/health", get(health))
        .with_state(redis);
    let connections = TaskTracker::new();
    tokio::pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!("No connection was accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(routes.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(tokio::time::timeout(CONNECTION_LIMIT, connection));
    }
    connections.close();
    let _ = tokio::time::timeout(END_LIMIT, connections.wait()).await;
}

async fn health(State(redis): State<Arc<Redis>>) -> impl IntoResponse {
    match tokio::time::timeout(LIMIT, redis.version()).await {
        Ok(Ok(version)) => (StatusCode::OK, Json(json!({ "status": "up", "redis": version }))),
        Ok(Err(error)) => unavailable(error.to_string()),
        Err(_) => unavailable(format!("Redis did not answer within {} s", LIMIT.as_secs())),
    }
}

fn unavailable(reason: String) -> (StatusCode, Json<Value>) {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "degraded", "redis": reason })))
}
