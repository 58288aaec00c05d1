//! Servers, queues, workers and events for the tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis::prelude::{BoxDynError, WorkerBuilder};
use bull_queue::{
    BullBackend, CancellationToken, Counts, JobContext, JobId, JobOptions, JobOutcome, JobRequest,
    Observer, Queue, State, WorkerEvent, WorkerOptions, connect,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use test_servers::{RedisServer, wait_for_async};
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
pub const LIMIT: Duration = Duration::from_secs(30);

pub const QUEUE: &str = "Replication queue";

pub async fn queue_on(redis: &RedisServer) -> Queue {
    Queue::new(connect(&redis.url()).await.unwrap(), QUEUE)
}

pub async fn queue() -> (RedisServer, Queue) {
    let redis = RedisServer::start().unwrap();
    let queue = queue_on(&redis).await;
    (redis, queue)
}

pub async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    assert!(wait_for_async(LIMIT, condition).await, "never came: {what}");
}

pub async fn until_counts(queue: &Queue, what: &str, wanted: impl Fn(&Counts) -> bool) {
    until(what, async || wanted(&queue.counts().await.unwrap())).await;
}

pub async fn until_state(queue: &Queue, id: &JobId, wanted: State) {
    until(&format!("job {id} in {wanted}"), async || {
        queue.state(id).await.unwrap() == Some(wanted)
    })
    .await;
}

pub fn job(data: Value) -> JobRequest {
    JobRequest::new(data, JobOptions::default())
}

pub fn job_with(options: JobOptions) -> JobRequest {
    JobRequest::new(json!({}), options)
}

/// Intervals short enough for a test.
pub fn quick() -> WorkerOptions {
    WorkerOptions {
        lock_duration: Duration::from_millis(1500),
        // A busy machine is late with many things at once.
        lock_renewal: Some(Duration::from_millis(250)),
        stalled_interval: Duration::from_millis(500),
        stalled_grace: Duration::from_millis(700),
        cancel_grace: Duration::from_secs(2),
        guard_interval: Duration::from_millis(500),
        ..WorkerOptions::default()
    }
}

/// Every event, with what it is about.
#[derive(Debug, Clone, Default)]
pub struct Events(Arc<Mutex<Vec<WorkerEvent>>>);

impl Observer for Events {
    fn on_event(&self, _queue: &str, event: &WorkerEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    pub fn all(&self) -> Vec<WorkerEvent> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, wanted: impl Fn(&WorkerEvent) -> bool) -> usize {
        self.all().iter().filter(|event| wanted(event)).count()
    }

    pub async fn until(&self, what: &str, wanted: impl Fn(&WorkerEvent) -> bool) {
        until(what, async || self.count(&wanted) > 0).await;
    }
}

pub struct TestWorker {
    pub events: Events,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), apalis_core::error::WorkerError>>,
}

impl TestWorker {
    /// Runs `handler` for the jobs of `queue`.
    pub fn start<F>(
        queue: &Queue,
        options: WorkerOptions,
        handler: impl Fn(Value, JobContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<JobOutcome, BoxDynError>> + Send + 'static,
    {
        let events = Events::default();
        let shutdown = options.shutdown.clone();
        let options = WorkerOptions { observer: Arc::new(events.clone()), ..options };
        let backend = BullBackend::new(queue.clone(), options);
        let handler = Arc::new(handler);
        let handle = move |data: Value, context: JobContext| -> BoxFuture<'static, _> {
            let handler = Arc::clone(&handler);
            async move { handler(data, context).await }.boxed()
        };
        let worker = WorkerBuilder::new("test").backend(backend).build(handle);
        Self { events, shutdown, task: tokio::spawn(worker.run()) }
    }

    /// Shuts the worker down as SIGTERM does, and waits for its end.
    pub async fn shut_down(self) -> Events {
        self.shutdown.cancel();
        tokio::time::timeout(LIMIT, self.task).await.expect("ends").unwrap().unwrap();
        self.events
    }

    /// Drops the worker in the middle of everything.
    pub async fn abort(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

pub fn done() -> Result<JobOutcome, BoxDynError> {
    Ok(JobOutcome::new(json!("done")))
}

/// Reads raw values, as another program would.
pub struct Raw(pub Queue);

impl Raw {
    pub fn key(&self, part: &str) -> String {
        format!("bull:{}:{part}", self.0.name())
    }

    pub async fn command<T: redis::FromRedisValue>(&self, command: &str, args: &[&str]) -> T {
        let mut connection = self.0.connection().manager();
        redis::cmd(command).arg(args).query_async(&mut connection).await.unwrap()
    }

    pub async fn field(&self, id: &str, field: &str) -> Option<String> {
        self.command("HGET", &[&self.key(id), field]).await
    }

    pub async fn score(&self, set: &str, id: &str) -> Option<f64> {
        self.command("ZSCORE", &[&self.key(set), id]).await
    }
}

/// What is published on the queue's channels from now on, as `(channel, message)`; the channel
/// without the queue's base and without a token.
pub async fn listen(redis: &RedisServer) -> Arc<Mutex<Vec<(String, String)>>> {
    use futures_util::StreamExt;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let client = redis::Client::open(redis.url()).unwrap();
    let mut subscription = client.get_async_pubsub().await.unwrap();
    subscription.psubscribe("bull:*").await.unwrap();
    let sink = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut messages = subscription.on_message();
        while let Some(message) = messages.next().await {
            let channel = message.get_channel_name().split('@').next().unwrap_or_default();
            let channel = channel.rsplit(':').next().unwrap_or_default().to_owned();
            sink.lock().unwrap().push((channel, message.get_payload().unwrap()));
        }
    });
    heard
}
