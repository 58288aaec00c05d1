//! HTTP server on a free port of 127.0.0.1.

use std::thread::JoinHandle;

use axum::Router;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::error::{Error, IoContext};

/// Serves a router on its own thread with its own runtime until it is dropped, so that it works in a
/// plain program, in a test, and inside another runtime.
#[derive(Debug)]
pub(crate) struct HttpServer {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    pub(crate) fn start(router: Router) -> Result<Self, Error> {
        let listener =
            std::net::TcpListener::bind(("127.0.0.1", 0)).during("bind a port for HTTP")?;
        let port = listener.local_addr().during("read the port for HTTP")?.port();
        listener.set_nonblocking(true).during("prepare the port for HTTP")?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .during("start a runtime for HTTP")?;
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).during("listen for HTTP")?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.spawn(async move { axum::serve(listener, router).await });
            // Connections that are still open end with the runtime.
            let _ = runtime.block_on(stopped);
        });
        Ok(Self { port, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
