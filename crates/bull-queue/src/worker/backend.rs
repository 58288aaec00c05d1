//! The apalis backend.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use apalis_core::backend::codec::Codec;
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::future::BoxSyncFuture;
use apalis_core::backend::persistence::{Persisted, State, TaskPersistLayer};
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::worker::context::WorkerContext;
use apalis_redis::{Config, RedisTask};
use futures_util::FutureExt;
use serde_json::Value;
use tokio_util::sync::DropGuard;
use tower::layer::util::Stack;

use super::core::Core;
use super::options::WorkerOptions;
use super::persistence::BullPersistence;
use crate::job::JobOutcome;
use crate::queue::Queue;
use crate::worker::handler_layer::HandlerLayer;
use crate::worker::{panic, shutdown};

/// Nothing here depends on apalis' heartbeat, which is only an event for observers.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A queue's jobs for an apalis worker. The handler receives the job's data as a [`serde_json::Value`] and
/// optionally a [`JobContext`](crate::JobContext), and returns a [`JobOutcome`].
///
/// A backend belongs to one worker; a worker that is built again needs a new backend. It must be polled
/// within a tokio runtime. Dropping it releases everything at once; the next worker finds jobs that were
/// running as interrupted.
#[derive(Debug)]
pub struct BullBackend {
    core: Arc<Core>,
    persisted: Persisted<BullPersistence>,
    config: Config,
    closing: Option<BoxSyncFuture<()>>,
    limited: bool,
    _close_on_drop: DropGuard,
    _stop_on_drop: DropGuard,
}

impl BullBackend {
    /// A backend for the jobs of `queue`.
    #[must_use]
    pub fn new(queue: Queue, options: WorkerOptions) -> Self {
        panic::install_hook();
        let config =
            Config::default().queue(queue.name()).batch_size(1).heartbeat_interval(HEARTBEAT);
        let core = Arc::new(Core::new(queue, options));
        Self {
            persisted: Persisted::new(BullPersistence::new(Arc::clone(&core))),
            config,
            closing: None,
            limited: false,
            _close_on_drop: core.closed.clone().drop_guard(),
            _stop_on_drop: core.stop.clone().drop_guard(),
            core,
        }
    }

    /// Ends the apalis worker when the program shuts down.
    fn heed_shutdown(&self, worker: &WorkerContext) {
        if self.core.stop.is_cancelled() && !worker.is_stopped() {
            // It can only fail before the start, and a worker that is polled has started.
            if let Err(error) = worker.stop() {
                tracing::debug!(%error, "the worker did not stop");
            }
        }
    }
}

impl Backend for BullBackend {
    type Task = RedisTask<Value>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.core.waker.register(cx.waker());
        self.heed_shutdown(worker);
        self.persisted.poll_ready(cx, worker, HEARTBEAT)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.core.waker.register(cx.waker());
        self.heed_shutdown(worker);
        if self.core.stop.is_cancelled() {
            return Poll::Ready(None);
        }
        // Filling the slot wakes this task, so an empty slot need not be polled.
        if self.core.prefetched_is_empty() && matches!(self.persisted.state(), State::Ready) {
            return Poll::Pending;
        }
        self.persisted.poll_next(cx, worker)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        if !self.limited {
            self.limited = true;
            tokio::spawn(shutdown::limit(Arc::clone(&self.core)));
        }
        if self.closing.is_none() {
            ready!(self.persisted.poll_close(cx, worker))?;
        }
        let closing = self
            .closing
            .get_or_insert_with(|| shutdown::close(Arc::clone(&self.core)).boxed().into());
        ready!(closing.poll_unpin(cx));
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for BullBackend {
    type Args = Value;
    type Id = String;
    type Kind = Ephemeral;
    type Config = Config;
    type Layer = Stack<HandlerLayer, TaskPersistLayer<Outcomes, JobOutcome>>;

    fn config(&self) -> &Config {
        &self.config
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Self::Layer {
        let persist =
            self.persisted.layer(Outcomes, self.core.options.concurrency).persist_results(true);
        Stack::new(HandlerLayer::new(Arc::clone(&self.core)), persist)
    }
}

/// Passes a handler's result on unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Outcomes;

impl Codec<JobOutcome> for Outcomes {
    type Error = Infallible;
    type Compact = JobOutcome;

    fn encode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }

    fn decode(&self, outcome: &JobOutcome) -> Result<JobOutcome, Infallible> {
        Ok(outcome.clone())
    }
}
