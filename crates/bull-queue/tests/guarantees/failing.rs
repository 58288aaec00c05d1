//! Jobs that fail: what is recorded, and that the worker lives on.

use std::time::Duration;

use apalis::prelude::BoxDynError;
use bull_queue::{
    Backoff, JobId, JobOptions, Keep, Queue, State, Unretryable, WorkerEvent, WorkerOptions,
};
use serde_json::json;

use crate::support::{
    Raw, TestWorker, done, job, job_with, queue, quick, until_counts, until_state,
};

#[derive(Debug, thiserror::Error)]
#[error("restore failed")]
struct Outer(#[source] std::io::Error);

async fn still_works(queue: &Queue) {
    let id = queue.add(&job(json!({ "good": true }))).await.unwrap();
    until_state(queue, &id, State::Completed).await;
}

#[tokio::test]
async fn the_reason_is_the_message_and_the_stack_holds_the_causes() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |data, _| async move {
        if data["good"] == json!(true) {
            return done();
        }
        Err(Outer(std::io::Error::other("disk full")).into())
    });
    let id = queue.add(&job(json!({}))).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    let failed = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(failed.failed_reason.as_deref(), Some("restore failed"));
    assert_eq!(failed.stacktrace, ["Error: restore failed\n    caused by: disk full"]);
    assert_eq!(failed.attempts_made, 1);
    still_works(&queue).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn a_panic_is_one_failed_job_with_its_text_and_place() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |data, _| {
        assert!(data["early"] != json!(true), "before the future");
        async move {
            assert!(data["good"] == json!(true), "seven is not eight");
            done()
        }
    });
    let late = queue.add(&job(json!({}))).await.unwrap();
    let early = queue.add(&job(json!({ "early": true }))).await.unwrap();
    until_counts(&queue, "both failed", |counts| counts.failed == 2).await;
    let late = queue.job(&late).await.unwrap().unwrap();
    assert_eq!(late.failed_reason.as_deref(), Some("the job panicked: seven is not eight"));
    assert!(late.stacktrace[0].contains("failing.rs:"), "{:?}", late.stacktrace);
    let early = queue.job(&early).await.unwrap().unwrap();
    assert_eq!(early.failed_reason.as_deref(), Some("the job panicked: before the future"));
    still_works(&queue).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_one_failed_job() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    for (id, data, opts) in [("data", "{no json", "{}"), ("opts", "{}", "[1]"), ("both", "", "")] {
        let fields = ["name", "__default__", "data", data, "opts", opts, "timestamp", "1"];
        raw.command::<()>("HSET", &[&[raw.key(id).as_str()], &fields[..]].concat()).await;
        raw.command::<()>("LPUSH", &[&raw.key("wait"), id]).await;
    }
    let key = raw.key("bytes");
    let mut connection = queue.connection().manager();
    redis::cmd("HSET")
        .arg(&[key.as_bytes(), b"data", b"\xff\xfe", b"opts", b"{}"])
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    raw.command::<()>("LPUSH", &[&raw.key("wait"), "bytes"]).await;

    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_counts(&queue, "all failed", |counts| counts.failed == 4).await;
    for (id, part) in [
        ("data", "the job cannot be run: its data is not JSON"),
        ("opts", "the job cannot be run: its options cannot be read"),
        ("both", "the job cannot be run: its data is not JSON"),
        ("bytes", "the job cannot be run: its data is not UTF-8"),
    ] {
        let reason = queue.job(id).await.unwrap().unwrap().failed_reason.unwrap();
        assert!(reason.starts_with(part), "{id}: {reason}");
    }
    still_works(&queue).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn what_is_no_job_is_failed_by_name_and_holds_up_no_other() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    raw.command::<()>("SET", &[&raw.key("text"), "x"]).await;
    raw.command::<()>("RPUSH", &[&raw.key("list"), "x"]).await;
    raw.command::<()>("SADD", &[&raw.key("set"), "x"]).await;
    raw.command::<()>("SET", &[&raw.key("removed"), "x"]).await;
    raw.command::<()>("LPUSH", &[&raw.key("wait"), "text", "removed"]).await;
    // One whose time has come, and one that a dead worker left.
    raw.command::<()>("ZADD", &[&raw.key("delayed"), "1", "list"]).await;
    raw.command::<()>("LPUSH", &[&raw.key("active"), "set"]).await;
    let behind = queue.add(&job(json!({}))).await.unwrap();

    let waiting = queue.jobs(State::Waiting, 0, -1).await.unwrap();
    assert!(waiting[0].malformed.as_ref().unwrap().contains("text holds a string"), "{waiting:?}");
    queue.remove("removed").await.unwrap();
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_state(&queue, &behind, State::Completed).await;
    until_counts(&queue, "all failed", |counts| counts.failed == 3).await;
    for (id, kind) in [("text", "string"), ("list", "list")] {
        let reason = queue.job(id).await.unwrap().unwrap().failed_reason.unwrap();
        assert!(reason.contains(&format!("its key held a {kind}")), "{reason}");
    }
    let kept: String = raw.command("GET", &[&raw.key("text:not-a-job")]).await;
    assert_eq!(kept, "x");
    queue.retry("text").await.unwrap();
    until_state(&queue, &"text".into(), State::Failed).await;
    still_works(&queue).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn a_job_over_its_time_out_is_cancelled_and_fails() {
    let (_redis, queue) = queue().await;
    let options = WorkerOptions { cancel_grace: Duration::from_millis(300), ..quick() };
    let worker = TestWorker::start(&queue, options, |data, context| async move {
        match data["obeys"].as_bool() {
            Some(true) => context.cancel.cancelled().await,
            Some(false) => std::future::pending().await,
            None => return done(),
        }
        Err("stopped in the middle".into())
    });
    let options = JobOptions { timeout: Some(200), ..JobOptions::default() };
    for obeys in [true, false] {
        let mut request = job_with(options.clone());
        request.data = json!({ "obeys": obeys });
        let id = queue.add(&request).await.unwrap();
        until_state(&queue, &id, State::Failed).await;
        let failed = queue.job(&id).await.unwrap().unwrap();
        assert_eq!(
            failed.failed_reason.as_deref(),
            Some("the job ran longer than its time-out of 200 ms and was cancelled")
        );
        assert_eq!(failed.stacktrace[0].contains("stopped in the middle"), obeys);
    }
    let in_time = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &in_time, State::Completed).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn an_error_that_no_retry_helps_is_final() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, _| async {
        Err(Unretryable("the target has no table answers".into()).into())
    });
    let options = JobOptions { attempts: 10, ..JobOptions::default() };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    let failed = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(failed.attempts_made, 1);
    assert_eq!(failed.failed_reason.as_deref(), Some("the target has no table answers"));
    worker.shut_down().await;
}

#[tokio::test]
async fn attempts_are_used_up_and_then_the_job_stands_in_failed() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |_, context| async move {
        Err::<_, BoxDynError>(format!("try {}", context.job.attempts_made + 1).into())
    });
    let options = JobOptions {
        attempts: 4,
        backoff: Some(Backoff::fixed(10)),
        stack_trace_limit: Some(3),
        ..JobOptions::default()
    };
    let id = queue.add(&job_with(options)).await.unwrap();
    until_state(&queue, &id, State::Failed).await;
    let failed = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(failed.attempts_made, 4);
    assert_eq!(failed.failed_reason.as_deref(), Some("try 4"));
    assert_eq!(failed.stacktrace, ["Error: try 2", "Error: try 3", "Error: try 4"]);
    let events = worker.shut_down().await;
    let made: Vec<(u32, u32, bool)> = events
        .all()
        .iter()
        .filter_map(|event| match event {
            WorkerEvent::Failed { made, attempts, last, .. } => Some((*made, *attempts, *last)),
            _ => None,
        })
        .collect();
    assert_eq!(made, [(1, 4, false), (2, 4, false), (3, 4, false), (4, 4, true)]);
}

#[tokio::test]
async fn backoff_times_stand_as_scores() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    for (backoff, attempts_made, wait) in [
        (Backoff::exponential(3_600_000), "0", 3_600_000_u64),
        (Backoff::exponential(3_600_000), "1", 3 * 3_600_000),
        (Backoff::exponential(3_600_000), "2", 7 * 3_600_000),
        (Backoff::fixed(7_200_000), "2", 7_200_000),
    ] {
        let worker = TestWorker::start(&queue, quick(), |_, _| async { Err("no".into()) });
        let options =
            JobOptions { attempts: 9, backoff: Some(backoff), delay: 60_000, ..Default::default() };
        let id = queue.add(&job_with(options)).await.unwrap();
        raw.command::<()>("HSET", &[&raw.key(&id), "attemptsMade", attempts_made]).await;
        let before = now_ms();
        queue.promote(&id).await.unwrap();
        let failed = |event: &WorkerEvent| matches!(event, WorkerEvent::Failed { .. });
        worker.events.until("the failure", failed).await;
        let after = now_ms();
        let score = raw.score("delayed", &id).await.unwrap() as u64;
        let (due, low) = (score / 4096, score % 4096);
        assert!((before + wait..=after + wait).contains(&due), "{due} is not {before} + {wait}");
        assert_eq!(low, id.parse::<u64>().unwrap() % 4096);
        worker.shut_down().await;
    }
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn finished_jobs_beyond_the_limits_are_removed() {
    let (_redis, queue) = queue().await;
    let worker = TestWorker::start(&queue, quick(), |data, _| async move {
        if data["fails"] == json!(true) { Err("no".into()) } else { done() }
    });
    let kept = JobOptions { remove_on_complete: Some(Keep::newest(2)), ..JobOptions::default() };
    let mut ids = Vec::new();
    for _ in 0..4 {
        let id = queue.add(&job_with(kept.clone())).await.unwrap();
        until_state(&queue, &id, State::Completed).await;
        ids.push(id);
    }
    assert_eq!(
        queue.ids(State::Completed, 0, -1).await.unwrap(),
        [ids[3].clone(), ids[2].clone()],
        "newest first"
    );
    assert!(queue.job(&ids[0]).await.unwrap().is_none());

    let gone = JobOptions {
        job_id: Some(JobId::from("gone")),
        remove_on_complete: Some(Keep::NONE),
        remove_on_fail: Some(Keep::NONE),
        ..JobOptions::default()
    };
    for fails in [false, true] {
        let mut request = job_with(gone.clone());
        request.data = json!({ "fails": fails });
        queue.add(&request).await.unwrap();
        crate::support::until("its removal", async || queue.job("gone").await.unwrap().is_none())
            .await;
    }
    let counts = queue.counts().await.unwrap();
    assert_eq!((counts.completed, counts.failed), (2, 0), "the others are left alone");
    worker.shut_down().await;
}
