//! A failed job that an operator asks to be tried once more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bull_queue::{Backoff, Error, JobOptions, State};
use serde_json::json;

use crate::support::{
    Raw, TestWorker, done, job, job_with, queue, quick, until_counts, until_state,
};

#[tokio::test]
async fn a_retry_that_succeeds() {
    let (_redis, queue) = queue().await;
    let mended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mended);
    let worker = TestWorker::start(&queue, quick(), move |_, _| {
        let mended = flag.load(Ordering::SeqCst);
        async move { if mended { done() } else { Err("broken".into()) } }
    });
    let options = JobOptions { attempts: 2, ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Failed).await;

    // One more try, not two: those that were made still count.
    queue.retry(&id).await.unwrap();
    crate::support::until("the third try", async || {
        queue.job(&id).await.unwrap().is_some_and(|job| job.attempts_made == 3)
            && queue.state(&id).await.unwrap() == Some(State::Failed)
    })
    .await;

    mended.store(true, Ordering::SeqCst);
    queue.retry(&id).await.unwrap();
    until_state(&queue, &id, State::Completed).await;
    let job = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(job.return_value, Some(json!("done")));
    assert_eq!(job.failed_reason, None);
    assert!(job.retried_on.is_some());
    worker.shut_down().await;
}

#[tokio::test]
async fn only_failed_jobs_can_be_retried() {
    let (_redis, queue) = queue().await;
    assert!(matches!(queue.retry("9").await, Err(Error::NoSuchJob { .. })));
    let id = queue.add(&job(json!({}))).await.unwrap();
    assert!(matches!(queue.retry(&id).await, Err(Error::NotInState { wanted: State::Failed, .. })));
    let raw = Raw(queue.clone());
    raw.command::<()>("SET", &[&raw.key(&format!("{id}:lock")), "a worker"]).await;
    assert!(matches!(queue.retry(&id).await, Err(Error::Locked { .. })));
    let job = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(job.retried_on, None, "a refusal changes nothing");
}

#[tokio::test]
async fn many_are_retried_oldest_first() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, _| async { Err("no".into()) });
    for _ in 0..5 {
        queue.add(&job(json!({}))).await.unwrap();
    }
    until_counts(&queue, "all failed", |counts| counts.failed == 5).await;
    worker.shut_down().await;
    let newest = queue.ids(State::Failed, 0, 2).await.unwrap();
    let retried = queue.retry_failed(3).await.unwrap();
    assert_eq!(retried, newest.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(queue.ids(State::Waiting, 0, -1).await.unwrap(), retried);
    assert!(queue.retry_failed(0).await.unwrap().is_empty());
    assert_eq!(queue.counts().await.unwrap().failed, 2);
}

#[tokio::test]
async fn all_are_in_line_before_an_idle_worker_takes_the_first() {
    let (_redis, queue) = queue().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&order);
    let worker = TestWorker::start(&queue, quick(), move |_, context| {
        sink.lock().unwrap().push(context.job.id.clone());
        async { Err("no".into()) }
    });
    let options = JobOptions { lifo: true, ..JobOptions::default() };
    queue.add_bulk(&vec![job_with(options); 100]).await.unwrap();
    until_counts(&queue, "all failed", |counts| counts.failed == 100).await;
    order.lock().unwrap().clear();
    let mut retried = queue.retry_failed(100).await.unwrap();
    until_counts(&queue, "all failed again", |counts| counts.failed == 100).await;
    worker.shut_down().await;
    retried.reverse();
    assert_eq!(*order.lock().unwrap(), retried, "the last in line is the first to run");
}

#[tokio::test]
async fn without_backoff_the_next_try_comes_at_once() {
    let (_redis, queue) = queue().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    let worker = TestWorker::start(&queue, quick(), move |_, _| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        async move { if number < 2 { Err("not yet".into()) } else { done() } }
    });
    let options = JobOptions { attempts: 5, ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Completed).await;
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    assert_eq!(queue.job(&id).await.unwrap().unwrap().attempts_made, 2);

    let unknown = Backoff { kind: "of my own".into(), delay: 1 };
    tries.store(0, Ordering::SeqCst);
    let options = JobOptions { attempts: 5, backoff: Some(unknown), ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    let stack = &queue.job(&id).await.unwrap().unwrap().stacktrace[0];
    assert!(stack.contains("unknown backoff type \"of my own\""), "{stack}");
    worker.shut_down().await;
}
