//! Recording a job as completed and adding its successor is one step.

use bull_queue::{Job, JobId, JobOptions, JobOutcome, JobRequest, Queue, State, WorkerEvent};
use serde_json::json;

use crate::support::{Raw, TestWorker, job, queue, quick, until_counts, until_state};

const NEXT: &str = "Incremental replication queue";

fn next_of(queue: &Queue) -> Queue {
    Queue::new(queue.connection().clone(), NEXT)
}

async fn only_job(queue: &Queue, state: State) -> Job {
    let mut jobs = queue.jobs(state, 0, -1).await.unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

async fn run_with_successor(queue: &Queue, request: &JobRequest, next: JobRequest) -> JobId {
    let worker = TestWorker::start(queue, quick(), move |_, _| {
        let next = next.clone();
        async move { Ok(JobOutcome::new(json!(null)).followed_by(NEXT, next)) }
    });
    let id = queue.add(request).await.unwrap();
    until_state(queue, &id, State::Completed).await;
    worker.shut_down().await;
    id
}

#[tokio::test]
async fn it_stands_in_its_queue_with_the_run_id_of_the_first() {
    let (_redis, queue) = queue().await;
    let options = JobOptions { attempts: 10, ..JobOptions::default() };
    let next = JobRequest::new(json!({ "a": 1 }), options);
    let id = run_with_successor(&queue, &job(json!({})), next).await;
    let first = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(first.run_id, format!("{}-{id}", first.timestamp));
    let follower = only_job(&next_of(&queue), State::Waiting).await;
    assert_eq!(follower.run_id, first.run_id);
    assert_eq!(follower.data, json!({ "a": 1 }));
    assert_eq!(follower.opts.attempts, 10);
    assert_eq!(follower.id.as_str(), "1");
    let raw = Raw(queue.clone());
    assert_eq!(
        raw.field(&id, "successor").await,
        Some("bull:Incremental replication queue:1".into())
    );
}

#[tokio::test]
async fn its_queue_s_pause_its_delay_and_its_priority_count() {
    let (_redis, queue) = queue().await;
    let next = next_of(&queue);
    next.pause().await.unwrap();
    run_with_successor(&queue, &job(json!({})), JobRequest::default()).await;
    assert_eq!(next.counts().await.unwrap().paused, 1);
    next.resume().await.unwrap();

    let urgent = JobOptions { priority: 1, ..JobOptions::default() };
    run_with_successor(&queue, &job(json!({})), JobRequest::new(json!({}), urgent)).await;
    let first = &next.jobs(State::Waiting, 0, 0).await.unwrap()[0];
    assert_eq!(first.priority, 1);

    let later = JobOptions { delay: 600_000, ..JobOptions::default() };
    run_with_successor(&queue, &job(json!({})), JobRequest::new(json!({}), later)).await;
    assert_eq!(only_job(&next, State::Delayed).await.delay, 600_000);
}

#[tokio::test]
async fn a_job_that_fails_has_none() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, _| async { Err("no".into()) });
    let id = queue.add(&job(json!({}))).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    worker.shut_down().await;
    assert_eq!(next_of(&queue).counts().await.unwrap(), bull_queue::Counts::default());
}

#[tokio::test]
async fn it_is_added_once_however_often_the_job_is_run() {
    let (_redis, queue) = queue().await;
    let id = run_with_successor(&queue, &job(json!({})), JobRequest::default()).await;
    // Somebody puts a completed job back in line by hand.
    let raw = Raw(queue.clone());
    raw.command::<()>("ZREM", &[&raw.key("completed"), &id]).await;
    raw.command::<()>("LPUSH", &[&raw.key("wait"), &id]).await;
    let worker = TestWorker::start(&queue, quick(), |_, _| async {
        Ok(JobOutcome::default().followed_by(NEXT, JobRequest::default()))
    });
    until_state(&queue, &id, State::Completed).await;
    worker.shut_down().await;
    assert_eq!(next_of(&queue).counts().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn a_whole_chain_runs_through() {
    let (_redis, first) = queue().await;
    let names = ["Replication queue", NEXT, "Learning Content replication queue"];
    let queues = names.map(|name| Queue::new(first.connection().clone(), name));
    let workers: Vec<TestWorker> = queues
        .iter()
        .enumerate()
        .map(|(index, queue)| {
            let next = names.get(index + 1).copied();
            TestWorker::start(queue, quick(), move |_, _| async move {
                let outcome = JobOutcome::new(json!(index));
                Ok(match next {
                    Some(next) => outcome.followed_by(next, JobRequest::default()),
                    None => outcome,
                })
            })
        })
        .collect();
    queues[0].add(&job(json!({}))).await.unwrap();
    until_counts(&queues[2], "the last", |counts| counts.completed == 1).await;
    let mut runs = Vec::new();
    for queue in &queues {
        runs.push(only_job(queue, State::Completed).await.run_id);
    }
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
    for worker in workers {
        let events = worker.shut_down().await;
        assert_eq!(events.count(|event| matches!(event, WorkerEvent::Completed { .. })), 1);
    }
}
