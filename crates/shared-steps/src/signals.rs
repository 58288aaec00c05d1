//! SIGTERM and SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled at the first SIGTERM or SIGINT.
///
/// Where signals cannot be handled (a sandbox), that is logged, and a signal ends the process as the
/// system does it.
#[must_use]
pub fn shutdown_token() -> CancellationToken {
    let token = CancellationToken::new();
    // Installed before anything else happens: a signal that comes early must not be missed.
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
