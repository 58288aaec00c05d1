//! The same operations as the driver's, done by bull-queue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis::prelude::{BoxDynError, WorkerBuilder};
use bull_queue::{
    BullBackend, CancellationToken, InterruptedPolicy, Job, JobContext, JobId, JobOptions,
    JobOutcome, JobRequest, Queue, State, WorkerOptions, connect,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use crate::interop::node::Answer;

const LIMIT: Duration = Duration::from_secs(60);

type Ending = oneshot::Sender<(Result<Value, String>, bool)>;

/// A worker, or something that holds a job.
pub struct Worker {
    task: JoinHandle<()>,
    aborter: AbortHandle,
    shutdown: CancellationToken,
}

impl Worker {
    fn start<F>(
        queue: &Queue,
        options: WorkerOptions,
        handler: impl Fn(Value, JobContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<JobOutcome, BoxDynError>> + Send + 'static,
    {
        let shutdown = options.shutdown.clone();
        let backend = BullBackend::new(queue.clone(), options);
        let handler = Arc::new(handler);
        let handle = move |data: Value, context: JobContext| -> BoxFuture<'static, _> {
            let handler = Arc::clone(&handler);
            async move { handler(data, context).await }.boxed()
        };
        let worker = WorkerBuilder::new("interop").backend(backend).build(handle);
        let running = tokio::spawn(worker.run());
        let aborter = running.abort_handle();
        let task = tokio::spawn(async move { running.await.unwrap().unwrap() });
        Self { task, aborter, shutdown }
    }

    pub async fn stop(mut self) {
        self.shutdown.cancel();
        tokio::time::timeout(LIMIT, &mut self.task).await.expect("the worker ends").unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
        self.aborter.abort();
    }
}

/// A client of bull-queue.
pub struct Ours {
    url: String,
    queues: HashMap<String, Queue>,
    held: HashMap<String, (Worker, Ending)>,
}

impl Ours {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), queues: HashMap::new(), held: HashMap::new() }
    }

    pub async fn queue(&mut self, name: &str) -> Queue {
        if !self.queues.contains_key(name) {
            let queue = Queue::new(connect(&self.url).await.unwrap(), name);
            self.queues.insert(name.to_owned(), queue);
        }
        self.queues[name].clone()
    }

    /// Does an operation on the queue `name`; the answers have the shape of the driver's.
    pub async fn does(&mut self, name: &str, operation: &Value) -> Answer {
        let queue = self.queue(name).await;
        let id = operation["id"].as_str().unwrap_or_default();
        let key = format!("{name} {id}");
        let said = |done: Result<(), bull_queue::Error>| {
            done.map(|()| Value::Null).map_err(|error| error.to_string())
        };
        match operation["op"].as_str().unwrap() {
            "add" => queue.add(&request(operation)).await.map(|id| json!(id)).map_err(text),
            "addBulk" => {
                let jobs: Vec<JobRequest> =
                    operation["jobs"].as_array().unwrap().iter().map(request).collect();
                queue.add_bulk(&jobs).await.map(|ids| json!(ids)).map_err(text)
            }
            "progress" => said(queue.update_progress(id, &operation["value"]).await),
            "log" => {
                let line = operation["line"].as_str().unwrap();
                queue.append_log(id, line).await.map(|count| json!(count)).map_err(text)
            }
            "promote" => said(queue.promote(id).await),
            "retry" => said(queue.retry(id).await),
            "remove" => said(queue.remove(id).await),
            "failByHand" => {
                said(queue.fail_by_hand(id, operation["reason"].as_str().unwrap()).await)
            }
            "completeByHand" => said(queue.complete_by_hand(id, &operation["value"]).await),
            "pause" => said(queue.pause().await),
            "resume" => said(queue.resume().await),
            "empty" => queue.drain(true).await.map(|_| Value::Null).map_err(text),
            "clean" => {
                let grace = Duration::from_millis(operation["grace"].as_u64().unwrap());
                let state: State = operation["state"].as_str().unwrap().parse().unwrap();
                let limit =
                    operation["limit"].as_u64().map(|limit| usize::try_from(limit).unwrap());
                let mut ids = queue.clean(grace, state, limit).await.map_err(text)?;
                ids.sort();
                Ok(json!(ids))
            }
            "obliterate" => {
                let force = operation["force"].as_bool().unwrap_or(false);
                said(queue.obliterate(force).await)
            }
            "removeRepeatable" => {
                let key = operation["key"].as_str().unwrap();
                said(queue.remove_repeatable(key).await.map(|_| ()))
            }
            "take" => Ok(json!(self.take(&queue).await)),
            "finish" => {
                self.end(&key, Ok(operation["value"].clone()), false).await;
                Ok(Value::Null)
            }
            "fail" => {
                let reason = operation["reason"].as_str().unwrap().to_owned();
                self.end(&key, Err(reason), operation["discard"] == true).await;
                Ok(Value::Null)
            }
            "dead" => {
                let (worker, _) = self.held.remove(&key).unwrap();
                drop(worker);
                let mut connection = queue.connection().manager();
                let lock = format!("bull:{name}:{id}:lock");
                redis::cmd("DEL").arg(lock).query_async::<()>(&mut connection).await.unwrap();
                Ok(Value::Null)
            }
            "work" => {
                work(&queue, operation["until"].as_object().unwrap()).await;
                Ok(Value::Null)
            }
            "read" => Ok(read(&queue).await),
            other => panic!("no operation {other}"),
        }
    }

    /// A worker that goes on.
    pub async fn start_worker(&mut self, name: &str) -> Worker {
        Worker::start(&self.queue(name).await, quick(), handle)
    }

    /// Takes the next job and holds it.
    async fn take(&mut self, queue: &Queue) -> JobId {
        let (ending, ended) = oneshot::channel();
        let (taken, begun) = oneshot::channel();
        let channels = Arc::new(Mutex::new(Some((ended, taken))));
        let worker = Worker::start(queue, WorkerOptions::default(), move |_, context| {
            let channels = channels.lock().unwrap().take();
            async move {
                let Some((ended, taken)) = channels else {
                    return std::future::pending().await;
                };
                let _ = taken.send(context.job.id.clone());
                let (ending, discard): (Result<Value, String>, bool) = ended.await?;
                if discard {
                    context.discard();
                }
                Ok(JobOutcome::new(ending?))
            }
        });
        let id = tokio::time::timeout(LIMIT, begun).await.expect("a job to take").unwrap();
        self.held.insert(format!("{} {id}", queue.name()), (worker, ending));
        id
    }

    /// Lets a job that is held end.
    async fn end(&mut self, key: &str, ending: Result<Value, String>, discard: bool) {
        let (worker, sender) = self.held.remove(key).unwrap();
        let (name, id) = key.rsplit_once(' ').unwrap();
        let queue = self.queue(name).await;
        sender.send((ending, discard)).unwrap();
        let left = test_servers::wait_for_async(LIMIT, async || {
            queue.state(id).await.unwrap() != Some(State::Active)
        });
        assert!(left.await, "job {id} stays active");
        worker.stop().await;
    }
}

fn text(error: bull_queue::Error) -> String {
    error.to_string()
}

fn request(operation: &Value) -> JobRequest {
    let mut options: JobOptions = match &operation["opts"] {
        Value::Null => JobOptions::default(),
        options => serde_json::from_value(options.clone()).unwrap(),
    };
    // The caller's own text is not what is tested here.
    options.other.clear();
    let data = match &operation["data"] {
        Value::Null => json!({}),
        data => data.clone(),
    };
    let name = operation["name"].as_str().unwrap_or(bull_queue::DEFAULT_JOB_NAME).to_owned();
    JobRequest { name, ..JobRequest::new(data, options) }
}

/// Intervals short enough for a test, and Bull's way with jobs that were cut.
pub fn quick() -> WorkerOptions {
    WorkerOptions {
        lock_duration: Duration::from_millis(1500),
        // A busy machine is late with many things at once.
        lock_renewal: Some(Duration::from_millis(250)),
        stalled_interval: Duration::from_millis(200),
        stalled_grace: Duration::from_millis(300),
        guard_interval: Duration::from_millis(200),
        interrupted: InterruptedPolicy::Retry,
        ..WorkerOptions::default()
    }
}

/// Works until the counts are as wanted.
async fn work(queue: &Queue, until: &Map<String, Value>) {
    let worker = Worker::start(queue, quick(), handle);
    let reached = test_servers::wait_for_async(LIMIT, async || {
        let counts = queue.counts().await.unwrap();
        until.iter().all(|(state, wanted)| json!(counts.of(state.parse().unwrap())) == *wanted)
    });
    assert!(reached.await, "the counts never became {until:?}: {:?}", queue.counts().await);
    worker.stop().await;
}

/// What a job does, as its data says; see `interop/worker.js`.
pub async fn handle(data: Value, context: JobContext) -> Result<JobOutcome, BoxDynError> {
    if let Some(progress) = data.get("progress") {
        context.update_progress(progress).await?;
    }
    for line in data["logs"].as_array().into_iter().flatten() {
        context.append_log(line.as_str().unwrap()).await?;
    }
    let fails = match data["failures"].as_u64() {
        Some(failures) => u64::from(context.job.attempts_made) < failures,
        None => data.get("fail").is_some(),
    };
    if let Some(sleep) = data["sleep"].as_u64() {
        tokio::time::sleep(Duration::from_millis(sleep)).await;
    }
    if fails {
        if data["discard"] == true {
            context.discard();
        }
        return Err(data["fail"].as_str().unwrap().into());
    }
    let outcome = JobOutcome::new(data["return"].clone());
    Ok(match data["then"].as_array().and_then(|then| then.split_first()) {
        Some((next, rest)) => {
            let request = JobRequest::new(json!({ "then": rest }), JobOptions::default());
            outcome.followed_by(next.as_str().unwrap(), request)
        }
        None => outcome,
    })
}

/// All that can be read of a queue.
async fn read(queue: &Queue) -> Value {
    let counts = queue.counts().await.unwrap();
    let mut ranges = Map::new();
    let mut jobs = Map::new();
    for state in State::ALL {
        let ids = queue.ids(state, 0, -1).await.unwrap();
        for job in queue.jobs(state, 0, -1).await.unwrap() {
            let logs = queue.logs(&job.id, 0, -1).await.unwrap().lines;
            jobs.insert(job.id.to_string(), view(&job, state, &logs));
        }
        ranges.insert(state.name().to_owned(), json!(ids));
    }
    let repeatables: Vec<Value> = queue.repeatables().await.unwrap().iter().map(|job| json!({
        "key": job.key, "name": job.name, "id": job.id, "endDate": job.end_date, "tz": job.tz,
        "cron": job.cron, "every": job.every, "next": job.next,
    })).collect();
    json!({
        "counts": counts,
        "ranges": ranges,
        "failedSlice": queue.ids(State::Failed, 1, 2).await.unwrap(),
        "jobs": jobs,
        "paused": queue.is_paused().await.unwrap(),
        "repeatables": repeatables,
    })
}

fn view(job: &Job, state: State, logs: &[String]) -> Value {
    json!({
        "id": job.id, "name": job.name, "data": job.data,
        "progress": job.progress.clone().unwrap_or(json!(0)),
        "delay": job.delay, "timestamp": job.timestamp, "attempts": job.opts.attempts,
        "attemptsMade": job.attempts_made, "failedReason": job.failed_reason,
        "stacktrace": job.stacktrace, "returnvalue": job.return_value,
        "processedOn": job.processed_on, "finishedOn": job.finished_on,
        "retriedOn": job.retried_on, "state": state.name(), "logs": logs,
    })
}
