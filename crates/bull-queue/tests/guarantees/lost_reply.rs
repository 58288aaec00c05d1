//! Redis has done what was asked, and the reply is lost: it is asked again, and does nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bull_queue::{
    JobOptions, JobOutcome, JobRequest, Keep, Queue, RepeatOptions, State, WorkerOptions, connect,
};
use serde_json::json;
use test_servers::{Proxy, RedisServer};

use crate::support::{
    QUEUE, Raw, TestWorker, done, job, job_with, listen, queue_on, quick, until, until_counts,
    until_state,
};

async fn behind_a_proxy() -> (RedisServer, Proxy, Queue) {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let queue = Queue::new(connect(&url).await.unwrap(), QUEUE);
    (redis, proxy, queue)
}

#[tokio::test]
async fn a_job_is_added_once() {
    let (redis, proxy, queue) = behind_a_proxy().await;
    let direct = queue_on(&redis).await;
    // The job is gone before it is asked for again.
    let worker = TestWorker::start(&direct, quick(), |_, _| async { done() });
    let options = JobOptions { remove_on_complete: Some(Keep::NONE), ..JobOptions::default() };
    queue.add(&job_with(options.clone())).await.unwrap();
    proxy.drop_reply_to(b"\"nonce\"");
    let id = queue.add(&job_with(options)).await.unwrap();
    assert_eq!(proxy.dropped_replies(), 1);
    assert_eq!(id.as_str(), "2");
    until("the end", async || {
        let counts = direct.counts().await.unwrap();
        counts.waiting + counts.active == 0
    })
    .await;
    let events = worker.shut_down().await;
    let started = events.count(|event| matches!(event, bull_queue::WorkerEvent::Started { .. }));
    assert_eq!(started, 2);
}

#[tokio::test]
async fn a_job_is_taken_once() {
    let (redis, proxy, queue) = behind_a_proxy().await;
    let direct = queue_on(&redis).await;
    let raw = Raw(direct.clone());
    let heard = listen(&redis).await;
    let idle = async || {
        let drained = heard.lock().unwrap().iter().filter(|(c, _)| c == "drained").count();
        drained > 0
    };
    let options = WorkerOptions { guard_interval: Duration::from_secs(600), ..quick() };
    let worker = TestWorker::start(&queue, options, |_, _| async { done() });
    for round in 1..=3 {
        // The worker asks once more when it is announced a job; until then it is silent.
        until("the worker's idleness", idle).await;
        heard.lock().unwrap().clear();
        for number in 1..=2 {
            let id = format!("round-{round}-{number}");
            raw.command::<()>("HSET", &[&raw.key(&id), "data", "{}"]).await;
            raw.command::<()>("LPUSH", &[&raw.key("wait"), &id]).await;
        }
        proxy.drop_reply_to(b"\"again\":false");
        raw.command::<()>("PUBLISH", &[&raw.key("waiting@test"), "jobs"]).await;
        until_counts(&direct, "both completed", |counts| counts.completed == 2 * round).await;
        assert_eq!(proxy.dropped_replies(), round);
    }
    assert_eq!(direct.counts().await.unwrap().failed, 0);
    worker.shut_down().await;
}

#[tokio::test]
async fn an_end_is_recorded_once_and_the_next_job_is_taken_once() {
    let (redis, proxy, queue) = behind_a_proxy().await;
    let direct = queue_on(&redis).await;
    let follower = Queue::new(direct.connection().clone(), "Next queue");
    let ran = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ran);
    let worker = TestWorker::start(&queue, quick(), move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok(JobOutcome::new(json!(1)).followed_by("Next queue", JobRequest::default())) }
    });
    for count in 1..=3_u64 {
        direct.pause().await.unwrap();
        direct.add(&job(json!({}))).await.unwrap();
        direct.add(&job(json!({}))).await.unwrap();
        proxy.drop_reply_to(b"\r\ncompleted\r\n");
        direct.resume().await.unwrap();
        until_counts(&direct, "two more", |counts| counts.completed == 2 * count).await;
        assert_eq!(proxy.dropped_replies(), count);
    }
    assert_eq!(ran.load(Ordering::SeqCst), 6);
    assert_eq!(follower.counts().await.unwrap().waiting, 6, "one successor each");
    assert_eq!(direct.counts().await.unwrap().failed, 0);
    worker.shut_down().await;
}

/// Fails and retries, removes, promotes, pauses, schedules: what an operator does.
async fn operate(queue: &Queue, direct: &Queue, lose: impl Fn(&str)) {
    let worker = TestWorker::start(direct, quick(), |_, _| async { Err("no".into()) });
    let id = queue.add(&job(json!({}))).await.unwrap();
    let other = queue.add(&job(json!({}))).await.unwrap();
    until_state(direct, &id, State::Failed).await;
    until_state(direct, &other, State::Failed).await;
    worker.shut_down().await;

    lose("\"line\"");
    assert_eq!(queue.append_log(&id, "once").await.unwrap(), 1);
    lose(&format!(",\"id\":\"{id}\",\"token\""));
    queue.retry(&id).await.unwrap();
    assert_eq!(direct.ids(State::Waiting, 0, -1).await.unwrap(), std::slice::from_ref(&id));
    lose("\"ids\":[");
    assert_eq!(queue.retry_failed(9).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(direct.ids(State::Waiting, 0, -1).await.unwrap(), [id.clone(), other.clone()]);
    queue.remove(&other).await.unwrap();
    lose(&format!("{{\"id\":\"{id}\"}}"));
    queue.remove(&id).await.unwrap();
    assert!(direct.job(&id).await.unwrap().is_none());

    let options = JobOptions { delay: 600_000, ..JobOptions::default() };
    let delayed = queue.add(&job_with(options)).await.unwrap();
    lose(&format!("{{\"id\":\"{delayed}\",\"token\""));
    queue.promote(&delayed).await.unwrap();
    assert_eq!(direct.state(&delayed).await.unwrap(), Some(State::Waiting));
    lose("{\"paused\":true}");
    queue.pause().await.unwrap();
    assert_eq!(direct.counts().await.unwrap().paused, 1);
    lose("{\"paused\":false}");
    queue.resume().await.unwrap();
    assert_eq!(direct.counts().await.unwrap().waiting, 1);
    queue.remove(&delayed).await.unwrap();

    lose("\"prefix\"");
    let repeat = RepeatOptions::cron("10 5 * * *", "Europe/Paris");
    let repeatable = queue.upsert_repeatable(&JobRequest::default(), &repeat).await.unwrap();
    assert_eq!(direct.counts().await.unwrap().delayed, 1);
    lose("\"prefix\"");
    assert!(queue.remove_repeatable(&repeatable.key).await.unwrap());
    assert_eq!(direct.counts().await.unwrap().delayed, 0);
}

#[tokio::test]
async fn operators_commands_are_done_once_and_answered() {
    let (redis, proxy, queue) = behind_a_proxy().await;
    let direct = queue_on(&redis).await;
    // The first reply to a script only says that Redis does not know it yet.
    operate(&queue, &direct, |_| {}).await;
    assert_eq!(proxy.dropped_replies(), 0);
    operate(&queue, &direct, |text| proxy.drop_reply_to(text.as_bytes())).await;
    assert_eq!(proxy.dropped_replies(), 9);
}
