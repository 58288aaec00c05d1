//! What operators do: each operation's effects, its refusals, and who hears of it.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test may panic"
)]

#[path = "guarantees/support.rs"]
mod support;

use std::time::Duration;

use bull_queue::{
    Backoff, Counts, Error, JobId, JobOptions, JobRequest, Keep, Queue, RepeatOptions, State,
    WorkerEvent,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::{
    LIMIT, Raw, TestWorker, done, job, job_with, queue, quick, until, until_counts, until_state,
};

/// Runs a job that waits until it is cancelled.
fn busy_worker(queue: &Queue) -> TestWorker {
    TestWorker::start(queue, quick(), |_, context| async move {
        context.cancel.cancelled().await;
        Err("told to stop".into())
    })
}

#[tokio::test]
async fn a_running_job_is_failed_by_hand_and_its_worker_gives_it_up() {
    let (_redis, queue) = queue().await;
    let id = queue.add(&job(json!({}))).await.unwrap();
    let worker = busy_worker(&queue);
    until_state(&queue, &id, State::Active).await;
    queue.fail_by_hand(&id, "enough").await.unwrap();
    let failed = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(failed.failed_reason.as_deref(), Some("enough"));
    assert_eq!((failed.attempts_made, failed.stacktrace.len()), (1, 0));
    assert!(failed.finished_on.is_some());
    assert_eq!(queue.counts().await.unwrap(), Counts { failed: 1, ..Counts::default() });
    // It is still run: nobody may run it a second time.
    assert!(matches!(queue.retry(&id).await, Err(Error::Locked { .. })));

    worker.events.until("lost", |event| matches!(event, WorkerEvent::Lost { .. })).await;
    worker.shut_down().await;
    assert_eq!(queue.counts().await.unwrap(), Counts { failed: 1, ..Counts::default() });
    assert_eq!(queue.job(&id).await.unwrap().unwrap().failed_reason.as_deref(), Some("enough"));
    until("the retry", async || queue.retry(&id).await.is_ok()).await;
}

#[tokio::test]
async fn a_job_with_tries_left_is_tried_again_after_its_backoff() {
    let (_redis, queue) = queue().await;
    let options =
        JobOptions { attempts: 3, backoff: Some(Backoff::fixed(600_000)), ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    let worker = busy_worker(&queue);
    until_state(&queue, &id, State::Active).await;
    queue.fail_by_hand(&id, "not now").await.unwrap();
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Delayed));
    worker.events.until("lost", |event| matches!(event, WorkerEvent::Lost { .. })).await;
    worker.shut_down().await;
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Delayed));
    assert_eq!(queue.job(&id).await.unwrap().unwrap().attempts_made, 1);
}

#[tokio::test]
async fn a_job_failed_by_hand_is_never_run_by_two_at_once() {
    let (_redis, queue) = queue().await;
    let id =
        queue.add(&job_with(JobOptions { attempts: 9, ..JobOptions::default() })).await.unwrap();
    let running = std::sync::Arc::new(std::sync::Mutex::new((0, 0)));
    let start = || {
        let running = std::sync::Arc::clone(&running);
        TestWorker::start(&queue, quick(), move |_, context| {
            let running = std::sync::Arc::clone(&running);
            async move {
                {
                    let mut counts = running.lock().unwrap();
                    counts.0 += 1;
                    counts.1 = counts.1.max(counts.0);
                }
                context.cancel.cancelled().await;
                running.lock().unwrap().0 -= 1;
                Err("told to stop".into())
            }
        })
    };
    let workers = [start(), start()];
    for made in 0..3 {
        until("the try", async || {
            let job = queue.job(&id).await.unwrap().unwrap();
            job.attempts_made == made
                && queue.state(&id).await.unwrap() == Some(State::Active)
                && running.lock().unwrap().0 > 0
        })
        .await;
        queue.fail_by_hand(&id, "again").await.unwrap();
    }
    until_state(&queue, &id, State::Active).await;
    for worker in workers {
        worker.shut_down().await;
    }
    assert_eq!(running.lock().unwrap().1, 1);
}

#[tokio::test]
async fn a_running_job_is_completed_by_hand() {
    let (_redis, queue) = queue().await;
    let keep_none = JobOptions { remove_on_complete: Some(Keep::NONE), ..JobOptions::default() };
    for (options, kept) in [(JobOptions::default(), 1), (keep_none, 0)] {
        let id = queue.add(&job_with(options)).await.unwrap();
        let worker = busy_worker(&queue);
        until_state(&queue, &id, State::Active).await;
        queue.complete_by_hand(&id, &json!({ "rows": 3 })).await.unwrap();
        worker.events.until("lost", |event| matches!(event, WorkerEvent::Lost { .. })).await;
        worker.shut_down().await;
        let job = queue.job(&id).await.unwrap();
        assert_eq!(job.is_some(), kept == 1, "it is not put back by the worker");
        if let Some(job) = job {
            assert_eq!(job.return_value, Some(json!({ "rows": 3 })));
            queue.clean(Duration::ZERO, State::Completed, None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn only_active_jobs_are_ended_by_hand() {
    let (_redis, queue) = queue().await;
    let id = queue.add(&job(json!({}))).await.unwrap();
    let refused = queue.fail_by_hand(&id, "x").await;
    assert!(matches!(refused, Err(Error::NotInState { wanted: State::Active, .. })));
    assert_eq!(queue.job(&id).await.unwrap().unwrap().attempts_made, 0, "nothing is changed");
    let refused = queue.complete_by_hand(&id, &Value::Null).await;
    assert!(matches!(refused, Err(Error::NotInState { wanted: State::Active, .. })));
    let refused = queue.complete_by_hand("99", &Value::Null).await;
    assert!(matches!(refused, Err(Error::NoSuchJob { .. })));
}

#[tokio::test]
async fn cleaning_removes_old_unlocked_jobs_oldest_first() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(queue.add(&job(json!({}))).await.unwrap());
    }
    let hour = Duration::from_secs(3600);
    assert!(queue.clean(hour, State::Waiting, None).await.unwrap().is_empty());
    let old = support_now() - 7_200_000;
    for id in &ids[..4] {
        raw.command::<()>("HSET", &[&raw.key(id), "timestamp", &old.to_string()]).await;
    }
    raw.command::<()>("SET", &[&raw.key(&format!("{}:lock", ids[1])), "somebody"]).await;
    assert_eq!(queue.clean(hour, State::Waiting, Some(1)).await.unwrap(), ids[..1]);
    assert_eq!(queue.clean(hour, State::Waiting, None).await.unwrap(), ids[2..4]);
    assert_eq!(queue.ids(State::Waiting, 0, -1).await.unwrap(), [ids[1].clone(), ids[4].clone()]);
    assert_eq!(queue.job(&ids[0]).await.unwrap(), None);
}

#[tokio::test]
async fn cleaning_a_large_set_takes_several_steps() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let requests = vec![job(json!({})); 2500];
    queue.add_bulk(&requests).await.unwrap();
    for (state, part) in [(State::Completed, "completed"), (State::Delayed, "delayed")] {
        let mut moved = redis::pipe();
        for id in 1..=2500_u64 {
            moved.zadd(raw.key(part), id.to_string(), 1000 + id).ignore();
            moved.hset(raw.key(&id.to_string()), "finishedOn", 1000 + id).ignore();
        }
        // One in the middle is run by somebody.
        moved.set(raw.key("1200:lock"), "somebody").ignore();
        moved.query_async::<()>(&mut queue.connection().manager()).await.unwrap();
        assert_eq!(queue.clean(Duration::ZERO, state, Some(1500)).await.unwrap().len(), 1500);
        assert_eq!(queue.clean(Duration::ZERO, state, None).await.unwrap().len(), 999);
        assert_eq!(queue.ids(state, 0, -1).await.unwrap(), [JobId::from("1200")]);
    }
}

fn support_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn draining_leaves_what_runs_what_has_ended_and_the_schedule() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    queue.add(&job(json!({}))).await.unwrap();
    until_counts(&queue, "completed", |counts| counts.completed == 1).await;
    worker.shut_down().await;
    queue
        .upsert_repeatable(&JobRequest::default(), &RepeatOptions::every(86_400_000))
        .await
        .unwrap();
    let later = JobOptions { delay: 600_000, ..JobOptions::default() };
    queue.add(&job_with(later)).await.unwrap();
    queue.add(&job_with(JobOptions { priority: 2, ..JobOptions::default() })).await.unwrap();
    queue.pause().await.unwrap();
    queue.add(&job(json!({}))).await.unwrap();
    assert_eq!(queue.drain(false).await.unwrap(), 2);
    let wanted = Counts { completed: 1, delayed: 2, ..Counts::default() };
    assert_eq!(queue.counts().await.unwrap(), wanted);
    assert_eq!(queue.drain(true).await.unwrap(), 1);
    assert_eq!(queue.counts().await.unwrap(), Counts { delayed: 1, ..wanted });
    assert!(queue.is_paused().await.unwrap());
    let next = queue.repeatables().await.unwrap()[0].next_id();
    assert_eq!(queue.ids(State::Delayed, 0, -1).await.unwrap(), [next]);
}

#[tokio::test]
async fn obliterating_leaves_nothing_and_is_refused_while_jobs_run() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let id = queue.add(&job(json!({}))).await.unwrap();
    let worker = busy_worker(&queue);
    until_state(&queue, &id, State::Active).await;
    let later = JobOptions { delay: 600_000, ..JobOptions::default() };
    let mut requests = vec![job(json!({})); 2100];
    requests.extend(vec![job_with(later); 300]);
    queue.add_bulk(&requests).await.unwrap();
    queue.append_log(&id, "line").await.unwrap();
    let repeat = RepeatOptions::every(86_400_000);
    queue.upsert_repeatable(&JobRequest::default(), &repeat).await.unwrap();
    let before = queue.counts().await.unwrap();
    assert!(matches!(queue.obliterate(false).await, Err(Error::Busy { active: 1, .. })));
    assert_eq!(queue.counts().await.unwrap(), before);

    queue.obliterate(true).await.unwrap();
    let left = async || -> Vec<String> {
        let mut keys: Vec<String> = raw.command("KEYS", &["bull:*"]).await;
        keys.retain(|key| !key.contains(":receipt"));
        keys
    };
    assert_eq!(left().await, Vec::<String>::new());
    worker.events.until("lost", |event| matches!(event, WorkerEvent::Lost { .. })).await;
    worker.shut_down().await;
    assert_eq!(left().await, Vec::<String>::new(), "the worker puts nothing back");
    assert_eq!(queue.add(&job(json!({}))).await.unwrap().as_str(), "1");
}

#[tokio::test]
async fn many_jobs_are_added_at_once_in_their_order() {
    let (_redis, queue) = queue().await;
    let named = JobOptions { job_id: Some(JobId::from("named")), ..JobOptions::default() };
    let first = JobOptions { lifo: true, ..JobOptions::default() };
    let repeat =
        JobOptions { repeat: Some(RepeatOptions::every(86_400_000)), ..JobOptions::default() };
    let requests = [
        job(json!({ "n": 1 })),
        job_with(named.clone()),
        job_with(named),
        job_with(first),
        job_with(repeat),
    ];
    let ids = queue.add_bulk(&requests).await.unwrap();
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let occurrence = queue.repeatables().await.unwrap()[0].next_id();
    assert_eq!(ids, ["1", "named", "named", "4", occurrence.as_str()]);
    let waiting = queue.ids(State::Waiting, 0, -1).await.unwrap();
    assert_eq!(waiting.iter().map(JobId::as_str).collect::<Vec<_>>(), ["4", "1", "named"]);
    let reserved = JobOptions { job_id: Some(JobId::from("wait")), ..JobOptions::default() };
    let refused = queue.add_bulk(&[job(json!({})), job_with(reserved)]).await;
    assert!(matches!(refused, Err(Error::ReservedId { .. })));
    assert_eq!(queue.counts().await.unwrap().waiting, 3);
    assert!(queue.add_bulk(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_discarded_job_is_not_tried_again() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, context| async move {
        context.discard();
        Err("no use".into())
    });
    let options = JobOptions { attempts: 5, ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    assert_eq!(queue.job(&id).await.unwrap().unwrap().attempts_made, 1);
    worker.shut_down().await;
}

#[tokio::test]
async fn a_repeatable_job_is_added_beside_others_and_ends_with_its_limit() {
    let (_redis, queue) = queue().await;
    let repeat = |every, limit| JobOptions {
        repeat: Some(RepeatOptions { limit: Some(limit), ..RepeatOptions::every(every) }),
        ..JobOptions::default()
    };
    queue.add(&job_with(repeat(86_400_000, 9))).await.unwrap();
    queue.add(&job_with(repeat(100, 3))).await.unwrap();
    assert_eq!(queue.repeatables().await.unwrap().len(), 2);
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_counts(&queue, "three runs", |counts| counts.completed == 3).await;
    until_counts(&queue, "no other", |counts| counts.waiting + counts.active == 0).await;
    worker.shut_down().await;
    assert_eq!(queue.counts().await.unwrap().delayed, 1, "the other one's");
    let never = RepeatOptions { end_date: Some(1000), ..RepeatOptions::cron("0 0 * * *", "UTC") };
    let never = JobOptions { repeat: Some(never), ..JobOptions::default() };
    assert!(matches!(queue.add(&job_with(never)).await, Err(Error::Schedule(_))));
}

#[tokio::test]
async fn events_are_heard_also_after_an_outage() {
    let (mut redis, queue) = queue().await;
    let events = queue.events().await.unwrap();
    tokio::pin!(events);
    let mut heard =
        async || tokio::time::timeout(LIMIT, events.next()).await.expect("an event").unwrap();
    let id = queue.add(&job(json!({}))).await.unwrap();
    let event = heard().await;
    assert_eq!((event.name.as_str(), event.job_id), ("waiting", Some(id.clone())));
    queue.update_progress(&id, &json!({ "percent": 5 })).await.unwrap();
    let event = heard().await;
    assert_eq!((event.name.as_str(), event.payload), ("progress", json!({ "percent": 5 })));

    redis.kill();
    redis.start_again().unwrap();
    // Until the subscription stands again, what is published is heard by nobody.
    let paused = async {
        loop {
            queue.pause().await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = paused => {}
        event = heard() => assert_eq!((event.name.as_str(), event.job_id), ("paused", None)),
    }
}
