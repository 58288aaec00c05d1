//! Signals: SIGTERM and SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGTERM or SIGINT.
///
/// If signals cannot be handled (in a sandbox), this is logged, and a signal has its default effect.
#[must_use]
pub fn shutdown_token() -> CancellationToken {
    let token = CancellationToken::new();
    // Installed first, so that an early signal is not missed.
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => {
            tokio::spawn(cancel_at_first(token.clone(), terminate, interrupt));
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!("Signals cannot be handled: {error}");
        }
    }
    token
}

async fn cancel_at_first(token: CancellationToken, mut terminate: Signal, mut interrupt: Signal) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!("Received signal {name}.");
    token.cancel();
}
