//! Ctrl-C and SIGTERM: noted here, looked at where something is waited for, so that servers and
//! their files are removed on the way out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

/// Somebody asked the demo to stop.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Whether somebody asked the demo to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let noted = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start a runtime for signals")?;
        let (mut interrupt, mut terminate) = {
            let _guard = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let for_thread = Arc::clone(&noted);
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            for_thread.store(true, Ordering::SeqCst);
        });
        Ok(Self(noted))
    }

    pub(crate) fn is_noted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The error that ends the demo, once somebody asked for it.
    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        if self.is_noted() { Err(Interrupted) } else { Ok(()) }
    }
}
