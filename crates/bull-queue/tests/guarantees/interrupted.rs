//! Shutting down within the process: what is recorded of the running job.

use std::time::Duration;

use bull_queue::{
    INTERRUPTED_REASON, Interrupted, InterruptedPolicy, JobOptions, Keep, State, WorkerEvent,
    WorkerOptions,
};

use crate::support::{TestWorker, done, job_with, queue, quick, until_state};

#[tokio::test]
async fn whatever_a_cut_job_says_it_is_recorded_as_interrupted() {
    for answer in ["interrupted", "another error", "a panic", "nothing"] {
        let (_redis, queue) = queue().await;
        let options = WorkerOptions { cancel_grace: Duration::from_millis(300), ..quick() };
        let worker = TestWorker::start(&queue, options, move |_, context| async move {
            context.cancel.cancelled().await;
            match answer {
                "interrupted" => Err(Interrupted.into()),
                "another error" => Err("canceling statement due to user request".into()),
                "a panic" => panic!("in a hurry"),
                _ => std::future::pending().await,
            }
        });
        let options =
            JobOptions { attempts: 10, remove_on_fail: Some(Keep::NONE), ..JobOptions::default() };
        let id = queue.add(&job_with(options)).await.unwrap();
        let waiting = queue.add(&job_with(JobOptions::default())).await.unwrap();
        until_state(&queue, &id, State::Active).await;
        worker
            .events
            .until("the start", |event| matches!(event, WorkerEvent::Started { .. }))
            .await;
        let events = worker.shut_down().await;
        let job = queue.job(&id).await.unwrap().unwrap();
        assert_eq!(queue.state(&id).await.unwrap(), Some(State::Failed), "{answer}");
        assert_eq!(job.failed_reason.as_deref(), Some(INTERRUPTED_REASON), "{answer}");
        assert_eq!(job.attempts_made, 0, "{answer}");
        assert_eq!(events.count(|event| matches!(event, WorkerEvent::Interrupted { .. })), 1);
        assert_eq!(events.count(|event| matches!(event, WorkerEvent::Failed { .. })), 0);
        assert_eq!(queue.state(&waiting).await.unwrap(), Some(State::Waiting), "no new job");
    }
}

#[tokio::test]
async fn a_job_that_ends_well_during_the_shutdown_is_completed() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, context| async move {
        context.cancel.cancelled().await;
        done()
    });
    let id = queue.add(&job_with(JobOptions::default())).await.unwrap();
    until_state(&queue, &id, State::Active).await;
    worker.events.until("the start", |event| matches!(event, WorkerEvent::Started { .. })).await;
    worker.shut_down().await;
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Completed));
}

#[tokio::test]
async fn with_the_policy_retry_a_cut_job_goes_to_the_front_of_the_line() {
    let (_redis, queue) = queue().await;
    let options = WorkerOptions { interrupted: InterruptedPolicy::Retry, ..quick() };
    let worker = TestWorker::start(&queue, options, |_, context| async move {
        context.cancel.cancelled().await;
        Err(Interrupted.into())
    });
    let cut = queue.add(&job_with(JobOptions::default())).await.unwrap();
    let other = queue.add(&job_with(JobOptions::default())).await.unwrap();
    worker.events.until("the start", |event| matches!(event, WorkerEvent::Started { .. })).await;
    worker.shut_down().await;
    assert_eq!(queue.ids(State::Waiting, 0, -1).await.unwrap(), [cut, other]);
}
