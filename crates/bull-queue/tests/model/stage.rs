//! Clients and workers on one queue, and the model beside them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bull_queue::{
    Backoff, Error, JobId, JobOptions, JobOutcome, JobRequest, Keep, Queue, WorkerOptions, connect,
};
use serde_json::json;
use test_servers::{RedisServer, wait_for_async};
use tokio::sync::oneshot;

use crate::expected::{Answer, Expected};
use crate::observed::observe;
use crate::operation::{Any, NewJob, Operation};
use crate::support::TestWorker;

/// How many clients there are.
pub const CLIENTS: usize = 3;

/// How long the real queue may take to become as the model says.
const LIMIT: Duration = Duration::from_secs(10);

/// No backoff or delay passes while a test runs.
const LATER: u64 = 600_000;

enum Ending {
    Well,
    Badly { discard: bool },
}

/// The handlers that run, by the id of their job.
type Held = Arc<Mutex<BTreeMap<String, oneshot::Sender<Ending>>>>;

pub struct Stage {
    clients: Vec<Queue>,
    workers: Vec<TestWorker>,
    held: Held,
    model: Expected,
    /// Every id that was ever given.
    known: Vec<String>,
}

impl Stage {
    pub async fn set(redis: &RedisServer) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("queue {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Queue::new(connect(&redis.url()).await.unwrap(), &name));
        }
        let held = Held::default();
        // Together as many slots as the model has.
        let workers = [1, 2].map(|concurrency| worker(&clients[0], concurrency, &held));
        let known = ["a", "b", "c"].map(str::to_owned).to_vec();
        Self { clients, workers: workers.into(), held, model: Expected::default(), known }
    }

    pub async fn close(self) {
        for worker in self.workers {
            worker.shut_down().await;
        }
    }

    /// Does an operation, on both; answers how they differ.
    pub async fn step(&mut self, client: usize, operation: &Operation) -> Result<(), String> {
        let queue = self.clients[client].clone();
        let before = self.model.clone();
        let Some((found, expected)) = self.apply(&queue, operation).await else {
            return Ok(());
        };
        if found != expected {
            return Err(format!(
                "it answered {found:?}, the model {expected:?}; before: {before:#?}"
            ));
        }
        self.model.settle();
        let mut seen = Err("never looked".to_owned());
        let as_expected = wait_for_async(LIMIT, async || {
            seen = observe(&queue).await;
            seen.as_ref() == Ok(&self.model) && self.runs_what_is_active()
        })
        .await;
        next_millisecond().await;
        if as_expected {
            return Ok(());
        }
        Err(match seen {
            Err(contradiction) => contradiction,
            Ok(seen) => format!("seen: {seen:#?}\nmodel: {:#?}\nbefore: {before:#?}", self.model),
        })
    }

    fn runs_what_is_active(&self) -> bool {
        let held = self.held.lock().unwrap();
        held.len() == self.model.active.len()
            && self.model.active.iter().all(|id| held.contains_key(id))
    }

    /// What was answered, and what should have been; nothing when there is nothing to do.
    async fn apply(&mut self, queue: &Queue, operation: &Operation) -> Option<(Answer, Answer)> {
        let model = &mut self.model;
        let any = |index: &Any| index.get(&self.known).clone();
        Some(match operation {
            Operation::Add(new) => {
                let ids = vec![queue.add(&request(new)).await.unwrap().to_string()];
                let expected = vec![model.add(new)];
                self.known.extend(expected.clone());
                (Answer::Ids(ids), Answer::Ids(expected))
            }
            Operation::AddBulk(new) => {
                let requests: Vec<JobRequest> = new.iter().map(request).collect();
                let ids = queue.add_bulk(&requests).await.unwrap();
                let expected: Vec<String> = new.iter().map(|new| model.add(new)).collect();
                self.known.extend(expected.clone());
                (ids_of(ids), Answer::Ids(expected))
            }
            Operation::Pause => {
                model.paused = true;
                (said(queue.pause().await), Answer::Done)
            }
            Operation::Resume => {
                model.paused = false;
                (said(queue.resume().await), Answer::Done)
            }
            Operation::Promote(index) => {
                let id = any(index);
                (said(queue.promote(&id).await), model.promote(&id))
            }
            Operation::PromoteDue => {
                queue.promote_due(now_ms() + 86_400_000).await.unwrap();
                (Answer::Done, model.promote_due())
            }
            Operation::Retry(index) => {
                let id = any(index);
                (said(queue.retry(&id).await), model.retry(&id))
            }
            Operation::RetryFailed(count) => {
                let retried = queue.retry_failed(*count).await.unwrap();
                (ids_of(retried), model.retry_failed(*count))
            }
            Operation::Remove(index) => {
                let id = any(index);
                (said(queue.remove(&id).await), model.remove(&id))
            }
            Operation::Log(index) => {
                let id = any(index);
                let count = queue.append_log(&id, "line").await;
                (count.map_or_else(|error| refused(&error), Answer::Count), model.log(&id))
            }
            Operation::Complete(index) => {
                let id = running(model, index)?;
                self.end(&id, Ending::Well);
                self.model.complete(&id);
                (Answer::Done, Answer::Done)
            }
            Operation::Fail(index) | Operation::Discard(index) => {
                let id = running(model, index)?;
                let discard = matches!(operation, Operation::Discard(_));
                self.end(&id, Ending::Badly { discard });
                self.model.fail(&id, "broken", discard);
                (Answer::Done, Answer::Done)
            }
            Operation::FailByHand(index) => {
                let id = running(model, index)?;
                let job = &model.jobs[&id];
                if !job.backoff && job.attempts_made + 1 < job.attempts {
                    // It stands in line until its handler has ended, whenever that is.
                    return None;
                }
                let answer = said(queue.fail_by_hand(&id, "by hand").await);
                model.fail(&id, "by hand", false);
                (answer, Answer::Done)
            }
            Operation::CompleteByHand(index) => {
                let id = running(model, index)?;
                let answer = said(queue.complete_by_hand(&id, &json!("by hand")).await);
                model.complete(&id);
                (answer, Answer::Done)
            }
            Operation::Drain(delayed) => {
                let count = queue.drain(*delayed).await.unwrap();
                (Answer::Count(count), model.drain(*delayed))
            }
            Operation::Clean(state, limit) => {
                let ids = queue.clean(Duration::ZERO, *state, *limit).await.unwrap();
                (ids_of(ids), model.clean(*state, *limit))
            }
            Operation::Obliterate => (said(queue.obliterate(false).await), model.obliterate()),
        })
    }

    fn end(&self, id: &str, ending: Ending) {
        let sender = self.held.lock().unwrap().remove(id).expect("it runs");
        assert!(sender.send(ending).is_ok(), "job {id} has ended by itself");
    }
}

fn worker(queue: &Queue, concurrency: usize, held: &Held) -> TestWorker {
    let options = WorkerOptions {
        concurrency,
        // No lock expires, however busy the machine is; what was done by hand is noticed soon.
        lock_duration: Duration::from_secs(60),
        lock_renewal: Some(Duration::from_millis(200)),
        guard_interval: Duration::from_millis(200),
        stalled_grace: Duration::from_secs(30),
        ..WorkerOptions::default()
    };
    let held = Arc::clone(held);
    TestWorker::start(queue, options, move |_, context| {
        let held = Arc::clone(&held);
        async move {
            let id = context.job.id.to_string();
            let (sender, ending) = oneshot::channel();
            let other = held.lock().unwrap().insert(id.clone(), sender);
            assert!(other.is_none(), "job {id} is run by two at once");
            tokio::select! {
                ending = ending => match ending? {
                    Ending::Well => Ok(JobOutcome::new(json!("well"))),
                    Ending::Badly { discard } => {
                        if discard {
                            context.discard();
                        }
                        Err("broken".into())
                    }
                },
                () = context.cancel.cancelled() => {
                    held.lock().unwrap().remove(&id);
                    Err("cancelled".into())
                }
            }
        }
    })
}

fn running(model: &Expected, index: &Any) -> Option<String> {
    (!model.active.is_empty()).then(|| index.get(&model.active).clone())
}

fn request(new: &NewJob) -> JobRequest {
    let keep = new.keep.map(Keep::newest);
    let options = JobOptions {
        job_id: new.id.map(JobId::from),
        priority: new.priority,
        lifo: new.lifo,
        delay: if new.delayed { LATER } else { 0 },
        attempts: new.attempts,
        backoff: new.backoff.then(|| Backoff::fixed(LATER)),
        remove_on_complete: keep,
        remove_on_fail: keep,
        ..JobOptions::default()
    };
    JobRequest::new(json!({}), options)
}

fn said(done: Result<(), Error>) -> Answer {
    done.map_or_else(|error| refused(&error), |()| Answer::Done)
}

fn refused(error: &Error) -> Answer {
    Answer::Refused(match error {
        Error::NoSuchJob { .. } => "NoSuchJob",
        Error::Locked { .. } => "Locked",
        Error::NotInState { .. } => "NotInState",
        Error::Busy { .. } => "Busy",
        other => panic!("{other}"),
    })
}

fn ids_of(ids: Vec<JobId>) -> Answer {
    Answer::Ids(ids.into_iter().map(|id| id.to_string()).collect())
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// Jobs that end in different milliseconds have an order that the model knows.
async fn next_millisecond() {
    let start = now_ms();
    while now_ms() <= start {
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
}
