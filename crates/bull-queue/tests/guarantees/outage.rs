//! Redis goes away, or stalls, while a job runs: the job goes on, and its end is recorded.

use std::sync::Arc;
use std::time::Duration;

use bull_queue::{JobId, JobOutcome, JobRequest, Queue, State, WorkerEvent, WorkerOptions};
use serde_json::json;
use test_servers::{RedisOptions, RedisServer};
use tokio::sync::Notify;

use crate::support::{Raw, TestWorker, done, job, queue_on, quick, until, until_state};

struct Scene {
    redis: RedisServer,
    queue: Queue,
    worker: TestWorker,
    id: JobId,
    finish: Arc<Notify>,
}

/// A job that runs until it is told to end.
async fn running_job(options: WorkerOptions) -> Scene {
    running_job_on(options, RedisOptions { append_only: true, ..RedisOptions::default() }).await
}

async fn running_job_on(options: WorkerOptions, redis: RedisOptions) -> Scene {
    let redis = RedisServer::start_with(redis).unwrap();
    let queue = queue_on(&redis).await;
    let finish = Arc::new(Notify::new());
    let told = Arc::clone(&finish);
    let worker = TestWorker::start(&queue, options, move |_, context| {
        let told = Arc::clone(&told);
        async move {
            tokio::select! {
                () = told.notified() => {
                    let outcome = JobOutcome::new(json!("done"));
                    Ok(outcome.followed_by("Next queue", JobRequest::default()))
                }
                () = context.cancel.cancelled() => Err("cancelled".into()),
            }
        }
    });
    let id = queue.add(&job(json!({}))).await.unwrap();
    worker.events.until("the start", |event| matches!(event, WorkerEvent::Started { .. })).await;
    Scene { redis, queue, worker, id, finish }
}

impl Scene {
    /// The job ended well, was run once, and the outage was told once.
    async fn assert_recorded(self, told: usize) {
        until_state(&self.queue, &self.id, State::Completed).await;
        let next = self.queue.add(&job(json!({}))).await.unwrap();
        self.finish.notify_one();
        until_state(&self.queue, &next, State::Completed).await;
        until("its return", async || {
            self.worker.events.count(|event| matches!(event, WorkerEvent::Recovered)) == told
        })
        .await;
        let events = self.worker.shut_down().await;
        let count = |wanted: fn(&WorkerEvent) -> bool| events.count(wanted);
        assert_eq!(count(|event| matches!(event, WorkerEvent::Started { .. })), 2);
        assert_eq!(count(|event| matches!(event, WorkerEvent::Lost { .. })), 0);
        assert_eq!(count(|event| matches!(event, WorkerEvent::Error { .. })), told);
        assert_eq!(count(|event| matches!(event, WorkerEvent::Recovered)), told);
    }
}

#[tokio::test]
async fn redis_stopped_for_ten_seconds_in_mid_job() {
    let mut scene = running_job(WorkerOptions::default()).await;
    scene.redis.stop();
    tokio::time::sleep(Duration::from_secs(10)).await;
    scene.redis.start_again().unwrap();
    scene.finish.notify_one();
    scene.assert_recorded(1).await;
}

#[tokio::test]
async fn a_job_that_ends_while_redis_is_away() {
    let mut scene = running_job(quick()).await;
    scene.redis.stop();
    scene.finish.notify_one();
    scene
        .worker
        .events
        .until("the error", |event| matches!(event, WorkerEvent::Error { .. }))
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.redis.start_again().unwrap();
    scene.assert_recorded(1).await;
}

#[tokio::test]
async fn redis_away_for_longer_than_a_lock_lives() {
    let mut scene = running_job(quick()).await;
    // A second worker looks for dead ones all the time.
    let options =
        WorkerOptions { stalled_grace: WorkerOptions::default().stalled_grace, ..quick() };
    let second = TestWorker::start(&queue_on(&scene.redis).await, options, |_, _| async { done() });
    scene.redis.kill();
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.redis.start_again().unwrap();
    second.events.until("its return", |event| matches!(event, WorkerEvent::Recovered)).await;
    // What is kept in a file has an end: the lock of before the outage is gone.
    let raw = Raw(scene.queue.clone());
    let lock = raw.key(&format!("{}:lock", scene.id));
    until("its lock", async || raw.command("EXISTS", &[&lock]).await).await;
    assert_eq!(scene.queue.state(&scene.id).await.unwrap(), Some(State::Active));
    let second = second.shut_down().await;
    assert_eq!(
        second.count(
            |event| matches!(event, WorkerEvent::InterruptedFound { jobs } if !jobs.is_empty())
        ),
        0
    );
    scene.finish.notify_one();
    scene.assert_recorded(1).await;
}

#[tokio::test]
async fn redis_that_comes_back_empty() {
    for ends_meanwhile in [false, true] {
        let mut scene = running_job_on(quick(), RedisOptions::default()).await;
        scene.redis.kill();
        if ends_meanwhile {
            scene.finish.notify_one();
        }
        let failed = |event: &WorkerEvent| matches!(event, WorkerEvent::Error { .. });
        scene.worker.events.until("the error", failed).await;
        scene.redis.start_again().unwrap();
        if !ends_meanwhile {
            until_state(&scene.queue, &scene.id, State::Active).await;
            scene.finish.notify_one();
        }
        until_state(&scene.queue, &scene.id, State::Completed).await;
        let next = Queue::new(scene.queue.connection().clone(), "Next queue");
        assert_eq!(next.counts().await.unwrap().waiting, 1);
        // A number that the lost counter has given once is not given to another job.
        assert_ne!(scene.queue.add(&job(json!({}))).await.unwrap(), scene.id);
        scene.finish.notify_one();
        scene.worker.shut_down().await;
    }
}

#[tokio::test]
async fn redis_without_memory_refuses_and_loses_nothing() {
    let scene = running_job(quick()).await;
    let raw = Raw(scene.queue.clone());
    let waiting = scene.queue.add(&job(json!({}))).await.unwrap();
    raw.command::<()>("CONFIG", &["SET", "maxmemory", "1"]).await;
    let refused = scene.queue.add(&job(json!({}))).await.unwrap_err();
    assert!(matches!(refused, bull_queue::Error::Refused { .. }), "{refused}");
    assert!(refused.to_string().contains("maxmemory"), "{refused}");
    scene.finish.notify_one();
    scene
        .worker
        .events
        .until("the error", |event| matches!(event, WorkerEvent::Error { .. }))
        .await;
    let counts = scene.queue.counts().await.unwrap();
    assert_eq!((counts.active, counts.waiting, counts.completed), (1, 1, 0));

    raw.command::<()>("CONFIG", &["SET", "maxmemory", "0"]).await;
    until_state(&scene.queue, &scene.id, State::Completed).await;
    scene.finish.notify_one();
    until_state(&scene.queue, &waiting, State::Completed).await;
    let next = Queue::new(scene.queue.connection().clone(), "Next queue");
    assert_eq!(next.counts().await.unwrap().waiting, 2);
    scene.worker.shut_down().await;
}

#[tokio::test]
async fn redis_paused_for_three_seconds_in_mid_job() {
    let scene = running_job(WorkerOptions::default()).await;
    scene.redis.pause();
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.redis.resume();
    scene.finish.notify_one();
    scene.assert_recorded(0).await;
}

#[tokio::test]
async fn redis_paused_for_longer_than_a_lock_lives_while_the_job_ends() {
    let scene = running_job(quick()).await;
    let second = TestWorker::start(&queue_on(&scene.redis).await, quick(), |_, _| async { done() });
    scene.redis.pause();
    scene.finish.notify_one();
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.redis.resume();
    until_state(&scene.queue, &scene.id, State::Completed).await;
    second.shut_down().await;
    scene.assert_recorded(0).await;
}

#[tokio::test]
async fn an_unreachable_redis_is_told_within_seconds() {
    let port = test_servers::free_port().unwrap();
    let url = format!("redis://:s3cret@127.0.0.1:{port}");
    let error = bull_queue::connect(&url).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    let error = bull_queue::connect("http://localhost").await.unwrap_err();
    assert!(matches!(error, bull_queue::Error::Url { .. }), "{error}");
}
