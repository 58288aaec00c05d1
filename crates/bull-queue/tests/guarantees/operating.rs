//! What operators see and do.

use bull_queue::{Counts, Error, JobId, JobOptions, State};
use serde_json::json;

use crate::support::{Raw, TestWorker, done, job, job_with, queue, quick, until_counts};

#[tokio::test]
async fn counts_and_ranges() {
    let (_redis, queue) = queue().await;
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
    let worker = TestWorker::start(&queue, quick(), |data, _| async move {
        if data["fails"] == json!(true) { Err("no".into()) } else { done() }
    });
    for fails in [false, true, false, true] {
        queue.add(&job(json!({ "fails": fails }))).await.unwrap();
    }
    until_counts(&queue, "all ended", |counts| counts.completed + counts.failed == 4).await;
    worker.shut_down().await;
    for _ in 0..3 {
        queue.add(&job(json!({}))).await.unwrap();
    }
    let later = JobOptions { delay: 600_000, ..JobOptions::default() };
    queue.add(&job_with(later)).await.unwrap();
    let counts = queue.counts().await.unwrap();
    let wanted = Counts { waiting: 3, completed: 2, failed: 2, delayed: 1, ..Counts::default() };
    assert_eq!(counts, wanted);
    assert_eq!(State::ALL.map(|state| counts.of(state)), [3, 0, 2, 2, 1, 0]);

    let ids = async |state, start, end| -> Vec<String> {
        let jobs = queue.jobs(state, start, end).await.unwrap();
        jobs.into_iter().map(|job| job.id.to_string()).collect()
    };
    assert_eq!(ids(State::Completed, 0, -1).await, ["3", "1"], "newest first");
    assert_eq!(ids(State::Failed, 0, 0).await, ["4"]);
    assert_eq!(ids(State::Waiting, 0, -1).await, ["5", "6", "7"], "next first");
    assert_eq!(ids(State::Waiting, 1, 1).await, ["6"]);
    assert_eq!(ids(State::Waiting, 0, 1).await, ["5", "6"]);
    assert_eq!(ids(State::Delayed, 0, -1).await, ["8"]);
    assert_eq!(queue.state("8").await.unwrap(), Some(State::Delayed));
    assert_eq!(queue.state("99").await.unwrap(), None);
    assert_eq!(queue.job("99").await.unwrap(), None);
}

#[tokio::test]
async fn logs_and_progress() {
    let (_redis, queue) = queue().await;
    let id = queue.add(&job(json!({}))).await.unwrap();
    for number in 1..=5 {
        assert_eq!(queue.append_log(&id, &format!("line {number}")).await.unwrap(), number);
    }
    let logs = queue.logs(&id, 1, 2).await.unwrap();
    assert_eq!((logs.lines, logs.count), (vec!["line 2".into(), "line 3".into()], 5));
    assert_eq!(queue.logs(&id, -1, -1).await.unwrap().lines, ["line 5"]);
    assert_eq!(queue.logs("99", 0, -1).await.unwrap().count, 0);
    queue.update_progress(&id, &json!(12.5)).await.unwrap();
    assert_eq!(queue.job(&id).await.unwrap().unwrap().progress, Some(json!(12.5)));
    let nobody = JobId::from("99");
    assert!(matches!(queue.append_log(&nobody, "x").await, Err(Error::NoSuchJob { .. })));
    let progress = queue.update_progress(&nobody, &json!(1)).await;
    assert!(matches!(progress, Err(Error::NoSuchJob { .. })));
}

#[tokio::test]
async fn a_removed_job_is_gone_and_a_running_one_is_not_removed() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let id =
        queue.add(&job_with(JobOptions { priority: 3, ..JobOptions::default() })).await.unwrap();
    queue.append_log(&id, "x").await.unwrap();
    let lock = raw.key(&format!("{id}:lock"));
    raw.command::<()>("SET", &[&lock, "a worker"]).await;
    assert!(matches!(queue.remove(&id).await, Err(Error::Locked { .. })));
    raw.command::<()>("DEL", &[&lock]).await;
    queue.remove(&id).await.unwrap();
    let mut keys: Vec<String> = raw.command("KEYS", &["bull:*"]).await;
    keys.retain(|key| !key.contains(":receipt:"));
    assert_eq!(keys, [raw.key("id")]);
    assert!(matches!(queue.remove(&id).await, Err(Error::NoSuchJob { .. })));
}

#[tokio::test]
async fn a_delayed_job_can_be_promoted() {
    let (_redis, queue) = queue().await;
    let later = JobOptions { delay: 600_000, ..JobOptions::default() };
    let id = queue.add(&job_with(later.clone())).await.unwrap();
    queue.promote(&id).await.unwrap();
    assert_eq!(queue.ids(State::Waiting, 0, -1).await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(queue.job(&id).await.unwrap().unwrap().delay, 0);
    assert!(matches!(
        queue.promote(&id).await,
        Err(Error::NotInState { wanted: State::Delayed, .. })
    ));
    assert!(matches!(queue.promote("99").await, Err(Error::NoSuchJob { .. })));

    let id = queue.add(&job_with(later)).await.unwrap();
    let due = queue.job(&id).await.unwrap().unwrap().timestamp + 600_000;
    assert_eq!(queue.promote_due(due - 1).await.unwrap(), Some(due));
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Delayed));
    assert_eq!(queue.promote_due(due).await.unwrap(), None);
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Waiting));
}

#[tokio::test]
async fn pausing_twice_and_resuming_keeps_every_job_in_its_order() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let mut ids = vec![queue.add(&job(json!({}))).await.unwrap()];
    queue.pause().await.unwrap();
    ids.push(queue.add(&job(json!({}))).await.unwrap());
    // A tool that does not know of the pause.
    raw.command::<()>("LPUSH", &[&raw.key("wait"), "by-hand"]).await;
    raw.command::<()>("HSET", &[&raw.key("by-hand"), "data", "{}"]).await;
    queue.pause().await.unwrap();
    ids.push(JobId::from("by-hand"));
    assert_eq!(queue.ids(State::Paused, 0, -1).await.unwrap(), ids);
    queue.resume().await.unwrap();
    queue.resume().await.unwrap();
    assert_eq!(queue.ids(State::Waiting, 0, -1).await.unwrap(), ids);
    assert!(!queue.is_paused().await.unwrap());
}
