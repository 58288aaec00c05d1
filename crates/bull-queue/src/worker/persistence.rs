//! Store interface of apalis. Nothing in it ever fails: operations on Redis are retried, because an error
//! would end the worker and drop the running job.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::backend::persistence::{Persistence, TaskEvent};
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use apalis_redis::RedisTask;
use serde_json::Value;

use super::context::JobContext;
use super::core::Core;
use super::failure::{Failure, FailureKind};
use super::running::Running;
use crate::job::{JobOutcome, JobRequest};
use crate::options::JobOptions;
use crate::worker::{completer, fetcher, intake, lock, notifier, stalled_checker};

/// Bull's layout in Redis as an apalis store.
#[derive(Debug, Clone)]
pub(super) struct BullPersistence {
    core: Arc<Core>,
}

impl BullPersistence {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn task(&self, running: &Running) -> RedisTask<Value> {
        let job = &running.job;
        let context = JobContext {
            job: Arc::clone(job),
            queue: self.core.queue.clone(),
            cancel: running.cancel.clone(),
            discarded: Arc::clone(&running.discarded),
        };
        let attempts = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        TaskBuilder::new(job.data.clone())
            .task_id(TaskId::from_string(job.id.as_str()))
            .attempt(attempts(job.attempts_made))
            .max_attempts(attempts(job.opts.attempts))
            .data(context)
            .build()
    }
}

impl Persistence for BullPersistence {
    type Compact = Value;
    type Response = JobOutcome;
    type Error = Infallible;

    async fn register(&mut self, _worker: &WorkerContext) -> Result<(), Infallible> {
        let core = &self.core;
        core.tasks.spawn(notifier::listen(Arc::clone(core)));
        core.tasks.spawn(stalled_checker::run(Arc::clone(core)));
        core.tasks.spawn(fetcher::run(Arc::clone(core)));
        // Not waited for: it ends after all other tasks.
        tokio::spawn(lock::watch(Arc::clone(core)));
        let stopping = Arc::clone(core);
        core.tasks.spawn(async move {
            stopping.stop.cancelled().await;
            stopping.waker.wake();
        });
        Ok(())
    }

    /// Separate tasks renew the locks, because apalis' heartbeats stop while a worker drains.
    async fn heartbeat(&mut self, _worker: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    async fn fetch_next(
        &mut self,
        _worker: &WorkerContext,
    ) -> Result<Vec<RedisTask<Value>>, Infallible> {
        let running = self.core.pop_prefetched();
        Ok(running.iter().map(|running| self.task(running)).collect())
    }

    async fn handle_events(
        &mut self,
        events: Vec<TaskEvent<JobOutcome>>,
        worker: &WorkerContext,
    ) -> Result<(), Infallible> {
        for event in events {
            let TaskEvent::Complete(ended) = event else { continue };
            let Some(running) = self.core.running(&ended.task_id.to_string()) else { continue };
            let result = ended.result.map_err(|message| {
                running
                    .take_failure()
                    .unwrap_or_else(|| Failure::new(FailureKind::Ordinary, message))
            });
            let fetch_next = !worker.is_shutting_down() && !self.core.stop.is_cancelled();
            let core = Arc::clone(&self.core);
            let finish = async move {
                if let Some(next) = completer::finish(&core, &running, result, fetch_next).await {
                    intake::accept(&core, next).await;
                }
            };
            // Parallel jobs need not wait for each other's completion; closing waits for all of them. A job
            // that runs alone is completed directly.
            if self.core.options.concurrency > 1 {
                self.core.tasks.spawn(finish);
            } else {
                finish.await;
            }
        }
        Ok(())
    }

    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<RedisTask<Value>>,
        _worker: &WorkerContext,
    ) -> Result<u64, Infallible> {
        let mut count = 0;
        for task in tasks {
            let id = task.task_id().map(ToString::to_string).unwrap_or_default();
            if let Some(running) = self.core.running(&id) {
                fetcher::give_back(&self.core, &running.token).await;
                self.core.release(&running);
                count += 1;
            }
        }
        Ok(count)
    }

    async fn push_tasks(&mut self, tasks: Vec<RedisTask<Value>>) -> Result<(), Infallible> {
        for task in tasks {
            let request = JobRequest::new(task.args, JobOptions::default());
            while let Err(error) = self.core.queue.add(&request).await {
                tracing::debug!(queue = self.core.queue.name(), %error, "trying to add again");
                tokio::select! {
                    () = self.core.closed.cancelled() => return Ok(()),
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        }
        Ok(())
    }
}
