//! Two workers never run one job at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bull_queue::{CancellationToken, Queue, State, WorkerEvent, WorkerOptions};
use serde_json::json;

use crate::support::{
    LIMIT, Raw, TestWorker, done, job, queue, queue_on, quick, until_counts, until_state,
};

type Ran = Arc<Mutex<HashMap<String, usize>>>;

fn worker(queue: &Queue, ran: &Ran) -> TestWorker {
    let ran = Arc::clone(ran);
    let options = WorkerOptions { concurrency: 4, ..quick() };
    TestWorker::start(queue, options, move |_, context| {
        *ran.lock().unwrap().entry(context.job.id.to_string()).or_default() += 1;
        async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            done()
        }
    })
}

#[tokio::test]
async fn many_jobs_over_two_workers_are_run_once_each() {
    let (redis, queue) = queue().await;
    let ran = Ran::default();
    let first = worker(&queue, &ran);
    let second = worker(&queue_on(&redis).await, &ran);
    for _ in 0..200 {
        queue.add(&job(json!({}))).await.unwrap();
    }
    until_counts(&queue, "all completed", |counts| counts.completed == 200).await;
    let ran = ran.lock().unwrap().clone();
    assert_eq!(ran.len(), 200);
    assert!(ran.values().all(|count| *count == 1), "{ran:?}");
    first.shut_down().await;
    second.shut_down().await;
}

#[tokio::test]
async fn a_job_longer_than_its_lock_is_not_taken_by_a_second_worker() {
    let (redis, queue) = queue().await;
    let ran = Arc::new(Mutex::new(0));
    let start = |queue: &Queue| {
        let ran = Arc::clone(&ran);
        TestWorker::start(queue, quick(), move |_, _| {
            *ran.lock().unwrap() += 1;
            async {
                // Several lives of a lock, several looks for dead workers.
                tokio::time::sleep(Duration::from_secs(4)).await;
                done()
            }
        })
    };
    let first = start(&queue);
    let second = start(&queue_on(&redis).await);
    let id = queue.add(&job(json!({}))).await.unwrap();
    until_state(&queue, &id, State::Completed).await;
    assert_eq!(*ran.lock().unwrap(), 1);
    first.shut_down().await;
    second.shut_down().await;
}

#[tokio::test]
async fn a_job_whose_lock_went_to_another_is_cancelled_and_not_recorded() {
    let (_redis, queue) = queue().await;
    let cancelled = CancellationToken::new();
    let told = cancelled.clone();
    let worker = TestWorker::start(&queue, quick(), move |_, context| {
        let told = told.clone();
        async move {
            context.cancel.cancelled().await;
            told.cancel();
            done()
        }
    });
    let id = queue.add(&job(json!({}))).await.unwrap();
    until_state(&queue, &id, State::Active).await;
    let raw = Raw(queue.clone());
    let lock = raw.key(&format!("{id}:lock"));
    raw.command::<()>("SET", &[&lock, "somebody else", "PX", "60000"]).await;
    worker.events.until("the loss", |event| matches!(event, WorkerEvent::Lost { .. })).await;
    tokio::time::timeout(LIMIT, cancelled.cancelled()).await.expect("the job is cancelled");
    let events = worker.shut_down().await;
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Completed { .. })), 0);
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Active));
    assert_eq!(raw.command::<String>("GET", &[&lock]).await, "somebody else");
}
