//! State shared by the parts of one worker.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use redis::{FromRedisValue, RedisError, Script};
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::event::WorkerEvent;
use super::options::WorkerOptions;
use super::outage::Outage;
use super::running::Running;
use crate::job::{Job, JobId};
use crate::queue::{NextError, Queue};
use crate::worker::concurrency_slot::ConcurrencySlots;

/// The longest pause between two attempts of an operation on Redis.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// State shared by the parts of one worker.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) queue: Queue,
    pub(super) options: WorkerOptions,
    /// Identifies this worker's receipts in Redis.
    pub(super) id: String,
    /// One slot for each job that may run at the same time.
    pub(super) slots: ConcurrencySlots,
    /// Notified when there may be waiting jobs.
    pub(super) arrival: Notify,
    /// Wakes the apalis worker.
    pub(super) waker: AtomicWaker,
    /// No more jobs are fetched.
    pub(super) stop: CancellationToken,
    /// Everything ends, recorded or not.
    pub(super) closed: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// Notified whenever a job leaves `running`.
    pub(super) left: Notify,
    /// Notified whenever a job is prefetched.
    filled: Notify,
    outage: Outage,
    /// Jobs fetched but not yet passed to apalis.
    prefetched: Mutex<VecDeque<Arc<Running>>>,
    /// Fetched jobs by id, including prefetched ones.
    running: Mutex<HashMap<JobId, Arc<Running>>>,
}

impl Core {
    pub(super) fn new(queue: Queue, options: WorkerOptions) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            slots: ConcurrencySlots::new(options.concurrency),
            arrival: Notify::new(),
            waker: AtomicWaker::new(),
            stop: options.shutdown.child_token(),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
            left: Notify::new(),
            filled: Notify::new(),
            outage: Outage::default(),
            prefetched: Mutex::default(),
            running: Mutex::default(),
            queue,
            options,
        }
    }

    pub(super) fn emit(&self, event: &WorkerEvent) {
        self.options.observer.on_event(self.queue.name(), event);
    }

    /// Runs a script until Redis has executed it; see [`Core::retry_until_ok`].
    pub(super) async fn persist<T: FromRedisValue, R: Serialize>(
        &self,
        activity: &'static str,
        script: &Script,
        mut request: impl FnMut(bool) -> R,
        until: &CancellationToken,
    ) -> Option<T> {
        let attempt = |again| {
            let request = request(again);
            async move { self.queue.call(script, &request).await }
        };
        self.retry_until_ok(activity, attempt, until).await
    }

    /// Retries an operation until Redis has executed it, and reports the outage once. `None` if the worker
    /// closes first, or `until` is cancelled.
    pub(super) async fn retry_until_ok<T, F: Future<Output = Result<T, RedisError>>>(
        &self,
        activity: &'static str,
        mut attempt: impl FnMut(bool) -> F,
        until: &CancellationToken,
    ) -> Option<T> {
        let mut pause = Duration::from_millis(100);
        let mut again = false;
        loop {
            match attempt(again).await {
                Ok(answer) => {
                    self.works(activity);
                    return Some(answer);
                }
                Err(error) => self.fails(activity, &error),
            }
            again = true;
            tokio::select! {
                () = until.cancelled() => return None,
                () = self.closed.cancelled() => return None,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Records that Redis failed at `activity`.
    pub(super) fn fails(&self, activity: &'static str, error: &RedisError) {
        tracing::debug!(queue = self.queue.name(), activity, %error, "Redis did not do it");
        if self.outage.begins(activity, error) {
            self.emit(&WorkerEvent::Error { error: error.to_string() });
        }
    }

    /// Records that Redis succeeded at `activity`.
    pub(super) fn works(&self, activity: &'static str) {
        if self.outage.ends(activity) {
            self.emit(&WorkerEvent::Recovered);
        }
    }

    /// Whether the job was added to those that are running: an earlier try of it that was lost may not have wound down yet.
    pub(super) fn try_register(&self, running: &Arc<Running>) -> bool {
        let mut others = lock_mutex(&self.running);
        let is_free = !others.contains_key(&running.job.id);
        if is_free {
            others.insert(running.job.id.clone(), Arc::clone(running));
        }
        is_free
    }

    /// Has a job run that was taken.
    pub(super) fn prefetch(&self, running: Arc<Running>) {
        lock_mutex(&self.prefetched).push_back(running);
        self.filled.notify_one();
        self.waker.wake();
    }

    /// Adds the occurrence that follows `job`, if it belongs to a repeatable job.
    pub(super) async fn add_next_occurrence(&self, job: &Job) {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.queue.add_next_occurrence(job).await {
                Ok(()) => return self.works("repeat"),
                Err(NextError::Redis(error)) => self.fails("repeat", &error),
                Err(NextError::Schedule(error)) => {
                    let error = format!("repeatable job {} does not run again: {error}", job.id);
                    return self.emit(&WorkerEvent::Error { error });
                }
            }
            tokio::select! {
                () = self.closed.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Removes a job whose attempt has ended.
    pub(super) fn release(&self, running: &Running) {
        running.over.cancel();
        drop(running.take_concurrency_slot());
        lock_mutex(&self.running).remove(&running.job.id);
        self.left.notify_waiters();
    }

    pub(super) fn running(&self, id: &str) -> Option<Arc<Running>> {
        lock_mutex(&self.running).get(&JobId::from(id)).cloned()
    }

    pub(super) fn all_running(&self) -> Vec<Arc<Running>> {
        lock_mutex(&self.running).values().cloned().collect()
    }

    pub(super) fn pop_prefetched(&self) -> Option<Arc<Running>> {
        lock_mutex(&self.prefetched).pop_front()
    }

    pub(super) async fn prefetch_added(&self) {
        self.filled.notified().await;
    }

    pub(super) fn prefetched_is_empty(&self) -> bool {
        lock_mutex(&self.prefetched).is_empty()
    }
}

/// None of these locks is held while foreign code may panic.
pub(super) fn lock_mutex<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
