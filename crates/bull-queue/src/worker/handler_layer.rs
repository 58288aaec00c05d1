//! Layer around a handler: timeout, cancellation, panics, and the reason of a failure.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tower::{Layer, Service};

use crate::job::JobOutcome;
use crate::worker::core::Core;
use crate::worker::event::WorkerEvent;
use crate::worker::failure::{Failure, FailureKind};
use crate::worker::panic;
use crate::worker::panic::Watched;
use crate::worker::running::Running;

/// Wraps a handler in a [`HandlerService`].
#[derive(Debug, Clone)]
pub struct HandlerLayer {
    core: Arc<Core>,
}

impl HandlerLayer {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl<S> Layer<S> for HandlerLayer {
    type Service = HandlerService<S>;

    fn layer(&self, inner: S) -> HandlerService<S> {
        HandlerService { inner, core: Arc::clone(&self.core) }
    }
}

/// Runs a handler, and keeps its failure until it is recorded.
#[derive(Debug, Clone)]
pub struct HandlerService<S> {
    inner: S,
    core: Arc<Core>,
}

impl<S> Service<Task<Value>> for HandlerService<S>
where
    S: Service<Task<Value>, Response = JobOutcome>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = JobOutcome;
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<JobOutcome, BoxDynError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<Value>) -> Self::Future {
        let id = task.task_id().map(ToString::to_string).unwrap_or_default();
        let Some(running) = self.core.running(&id) else {
            return Box::pin(async move { Err(format!("no job {id} was taken").into()) });
        };
        let core = Arc::clone(&self.core);
        core.emit(&WorkerEvent::Started { job: Arc::clone(&running.job) });
        // A handler may panic before it returns its future.
        let handler = std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(task)));
        Box::pin(async move {
            let result = match handler {
                Ok(handler) => {
                    let handler = async { handler.await.map_err(Into::into) };
                    run(&core, &running, AssertUnwindSafe(handler).catch_unwind()).await
                }
                Err(payload) => Err(panicked(payload.as_ref())),
            };
            result.map_err(|failure| {
                let error = failure.error.clone();
                running.keep_failure(failure);
                error.into()
            })
        })
    }
}

type Unwound = std::thread::Result<Result<JobOutcome, BoxDynError>>;

async fn run(
    core: &Core,
    running: &Running,
    handler: impl Future<Output = Unwound> + Send,
) -> Result<JobOutcome, Failure> {
    let mut handler = Watched(Box::pin(handler));
    let limit = running.job.opts.timeout.filter(|limit| *limit > 0);
    let time_out = async {
        match limit {
            Some(limit) => tokio::time::sleep(Duration::from_millis(limit)).await,
            None => std::future::pending().await,
        }
    };
    let timed_out = tokio::select! {
        biased;
        unwound = &mut handler => return outcome_of(core, unwound, None),
        () = running.cancel.cancelled() => None,
        () = time_out => {
            running.cancel.cancel();
            limit
        }
    };
    match tokio::time::timeout(core.options.cancel_grace, handler).await {
        Ok(unwound) => outcome_of(core, unwound, timed_out),
        Err(_) => Err(dropped(core, timed_out)),
    }
}

/// The meaning of a handler's result.
fn outcome_of(
    core: &Core,
    unwound: Unwound,
    timed_out: Option<u64>,
) -> Result<JobOutcome, Failure> {
    let failure = match unwound {
        Ok(Ok(outcome)) => match timed_out {
            None => return Ok(outcome),
            // As in Bull: too late means failed, whatever the result.
            Some(_) => Failure::new(FailureKind::Ordinary, "completed, too late"),
        },
        Ok(Err(error)) => {
            let mut failure = Failure::from_error(&error);
            if let Some(stack) = panic::latest_stack() {
                failure.stack = format!("{}\n{stack}", failure.stack);
            }
            failure
        }
        Err(payload) => panicked(payload.as_ref()),
    };
    Err(match timed_out {
        Some(limit) => {
            let stack = failure.stack;
            let mut failure = time_out_failure(limit);
            failure.stack = format!("{}\n    it then ended with: {stack}", failure.stack);
            failure
        }
        // A job that was interrupted is recorded as interrupted, whatever its error.
        None if core.options.shutdown.is_cancelled() => failure.interrupted(),
        None => failure,
    })
}

fn dropped(core: &Core, timed_out: Option<u64>) -> Failure {
    let grace = core.options.cancel_grace;
    match timed_out {
        Some(limit) => time_out_failure(limit),
        None => Failure::new(
            FailureKind::Ordinary,
            format!("the job did not end within {grace:?} after it was cancelled, and was dropped"),
        )
        .interrupted(),
    }
}

fn time_out_failure(limit: u64) -> Failure {
    Failure::new(
        FailureKind::Ordinary,
        format!("the job ran longer than its time-out of {limit} ms and was cancelled"),
    )
}

fn panicked(payload: &(dyn std::any::Any + Send)) -> Failure {
    let mut failure =
        Failure::new(FailureKind::Ordinary, format!("the job panicked: {}", panic::text(payload)));
    if let Some(stack) = panic::latest_stack() {
        failure.stack = format!("{}\n{stack}", failure.stack);
    }
    failure
}
