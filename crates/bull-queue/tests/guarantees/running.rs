//! A job that is added is run, in its order.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bull_queue::{JobId, JobOptions, State, WorkerEvent, WorkerOptions};
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{
    TestWorker, done, job, job_with, queue, quick, until, until_counts, until_state,
};

#[tokio::test]
async fn a_job_is_run_and_its_answer_is_kept() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |data, context| async move {
        context.append_log("hello").await?;
        context.update_progress(&json!({ "percent": 50 })).await?;
        Ok(bull_queue::JobOutcome::new(json!({ "rows": data["rows"] })))
    });
    let id = queue.add(&job(json!({ "rows": 7 }))).await.unwrap();
    until_state(&queue, &id, State::Completed).await;

    let done = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(done.return_value, Some(json!({ "rows": 7 })));
    assert_eq!(done.progress, Some(json!({ "percent": 50 })));
    assert_eq!(done.attempts_made, 0);
    assert!(done.processed_on.is_some() && done.finished_on >= done.processed_on);
    assert_eq!(queue.logs(&id, 0, -1).await.unwrap().lines, ["hello"]);

    let events = worker.shut_down().await;
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Started { .. })), 1);
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Completed { .. })), 1);
}

#[tokio::test]
async fn a_job_starts_at_once_although_nobody_asks_for_it() {
    let (_redis, queue) = queue().await;
    // Only the announcement can bring these jobs to the worker before the test's limit.
    let options = WorkerOptions { guard_interval: Duration::from_secs(600), ..quick() };
    let worker = TestWorker::start(&queue, options, |_, _| async { done() });
    worker
        .events
        .until("the start", |event| matches!(event, WorkerEvent::InterruptedFound { .. }))
        .await;
    for count in 1..=3 {
        queue.add(&job(json!({}))).await.unwrap();
        until_counts(&queue, "a completed job", |counts| counts.completed == count).await;
    }
    let options = JobOptions { delay: 300, ..JobOptions::default() };
    let delayed = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &delayed, State::Completed).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn jobs_run_in_their_order() {
    let (_redis, queue) = queue().await;
    let plain = JobOptions::default();
    for (name, options) in [
        ("first", plain.clone()),
        ("second", plain.clone()),
        ("low", JobOptions { priority: 9, ..plain.clone() }),
        ("high", JobOptions { priority: 1, ..plain.clone() }),
        ("high too", JobOptions { priority: 1, ..plain.clone() }),
        ("front", JobOptions { lifo: true, ..plain.clone() }),
    ] {
        let options = JobOptions { job_id: Some(JobId::from(name)), ..options };
        queue.add(&job_with(options)).await.unwrap();
    }
    let waiting = queue.ids(State::Waiting, 0, -1).await.unwrap();
    let waiting: Vec<&str> = waiting.iter().map(JobId::as_str).collect();
    assert_eq!(waiting, ["front", "high", "high too", "low", "first", "second"]);

    let ran = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&ran);
    let worker = TestWorker::start(&queue, quick(), move |_, context| {
        sink.lock().unwrap().push(context.job.id.to_string());
        async { done() }
    });
    until_counts(&queue, "all completed", |counts| counts.completed == 6).await;
    assert_eq!(*ran.lock().unwrap(), waiting);
    worker.shut_down().await;
}

#[tokio::test]
async fn a_paused_queue_runs_nothing_until_it_is_resumed() {
    let (_redis, queue) = queue().await;
    queue.add(&job(json!({}))).await.unwrap();
    queue.pause().await.unwrap();
    assert!(queue.is_paused().await.unwrap());
    queue.add(&job(json!({}))).await.unwrap();
    assert_eq!(queue.counts().await.unwrap().paused, 2);
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    worker
        .events
        .until("the start", |event| matches!(event, WorkerEvent::InterruptedFound { .. }))
        .await;
    assert_eq!(queue.counts().await.unwrap().paused, 2);
    queue.resume().await.unwrap();
    until_counts(&queue, "both completed", |counts| counts.completed == 2).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn a_custom_id_is_used_once() {
    let (_redis, queue) = queue().await;
    let night = JobOptions { job_id: Some(JobId::from("night")), ..JobOptions::default() };
    assert_eq!(queue.add(&job_with(night.clone())).await.unwrap().as_str(), "night");
    assert_eq!(queue.add(&job_with(night)).await.unwrap().as_str(), "night");
    assert_eq!(queue.counts().await.unwrap().waiting, 1);
    let reserved = JobOptions { job_id: Some(JobId::from("failed")), ..JobOptions::default() };
    let error = queue.add(&job_with(reserved)).await.unwrap_err().to_string();
    assert!(error.contains("\"failed\""), "{error}");
}

#[tokio::test]
async fn as_many_jobs_run_at_once_as_wanted_and_no_more() {
    let (_redis, queue) = queue().await;
    for _ in 0..12 {
        queue.add(&job(json!({}))).await.unwrap();
    }
    let gauge = Arc::new(Mutex::new((0_usize, 0_usize)));
    // A job goes on when three run, however slowly they are taken.
    let three = Arc::new(Barrier::new(3));
    let shared = (Arc::clone(&gauge), three);
    let options = WorkerOptions { concurrency: 3, ..quick() };
    let worker = TestWorker::start(&queue, options, move |_, _| {
        let (gauge, three) = shared.clone();
        async move {
            {
                let mut gauge = gauge.lock().unwrap();
                gauge.0 += 1;
                gauge.1 = gauge.1.max(gauge.0);
            }
            three.wait().await;
            gauge.lock().unwrap().0 -= 1;
            done()
        }
    });
    until_counts(&queue, "all completed", |counts| counts.completed == 12).await;
    assert_eq!(gauge.lock().unwrap().1, 3);
    worker.shut_down().await;
}

#[tokio::test]
async fn a_job_that_was_taken_but_not_begun_is_put_back_at_the_shutdown() {
    let (_redis, queue) = queue().await;
    for _ in 0..20 {
        queue.add(&job(json!({}))).await.unwrap();
    }
    // Stopped at every moment between the start and the first jobs.
    for pause in 0..8 {
        let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        worker.shut_down().await;
        let counts = queue.counts().await.unwrap();
        assert_eq!(counts.active, 0, "{counts:?}");
        assert_eq!(counts.waiting + counts.completed + counts.failed, 20, "{counts:?}");
    }
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until("the rest", async || {
        let counts = queue.counts().await.unwrap();
        counts.completed + counts.failed == 20
    })
    .await;
    worker.shut_down().await;
}
