//! A tick fires once, however many schedulers run; a changed schedule replaces the old one.

use std::sync::{Arc, Mutex};

use bull_queue::{JobOptions, JobRequest, Queue, RepeatOptions, State};
use serde_json::json;

use crate::support::{
    Raw, TestWorker, done, queue, queue_on, quick, until, until_counts, until_state,
};

fn nightly(attempts: u32) -> JobRequest {
    JobRequest::new(json!({}), JobOptions { attempts, ..JobOptions::default() })
}

fn paris(cron: &str) -> RepeatOptions {
    RepeatOptions::cron(cron, "Europe/Paris")
}

#[tokio::test]
async fn many_schedulers_make_one_job_per_tick() {
    let (redis, queue) = queue().await;
    let schedulers = futures_util::future::join_all((0..8).map(|_| queue_on(&redis))).await;
    let every = RepeatOptions::every(1000);
    let all = |schedulers: Vec<Queue>| {
        let every = every.clone();
        futures_util::future::join_all(schedulers.into_iter().map(move |queue| {
            let every = every.clone();
            async move { queue.upsert_repeatable(&nightly(1), &every).await.unwrap() }
        }))
    };
    let ran = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&ran);
    let worker = TestWorker::start(&queue, quick(), move |_, context| {
        sink.lock().unwrap().push(context.job.opts.prev_millis.unwrap());
        async { done() }
    });
    for round in 1..=3 {
        all(schedulers.clone()).await;
        until("a tick", async || ran.lock().unwrap().len() >= round).await;
    }
    worker.shut_down().await;
    let ran = ran.lock().unwrap().clone();
    let mut ticks = ran.clone();
    ticks.sort_unstable();
    ticks.dedup();
    assert_eq!(ticks, ran, "no tick twice, none out of order");
    assert!(ran.windows(2).all(|pair| (pair[1] - pair[0]) % 1000 == 0), "{ran:?}");
    assert_eq!(queue.repeatables().await.unwrap().len(), 1);
    assert_eq!(queue.counts().await.unwrap().delayed, 1);
}

#[tokio::test]
async fn a_changed_schedule_replaces_the_old_one() {
    let (_redis, queue) = queue().await;
    queue.upsert_repeatable(&nightly(10), &paris("10 5 * * *")).await.unwrap();
    let other = JobRequest { name: "other".into(), ..nightly(1) };
    queue.upsert_repeatable(&other, &paris("0 12 * * *")).await.unwrap();
    let new = queue.upsert_repeatable(&nightly(10), &paris("0 6 * * *")).await.unwrap();

    let left: Vec<_> = queue.repeatables().await.unwrap().into_iter().map(|job| job.key).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&"__default__:::Europe/Paris:0 6 * * *".to_owned()), "{left:?}");
    assert!(left.contains(&"other:::Europe/Paris:0 12 * * *".to_owned()), "{left:?}");
    let delayed = queue.ids(State::Delayed, 0, -1).await.unwrap();
    assert_eq!(delayed.len(), 2);
    assert!(delayed.contains(&new.next_id()));
}

/// Two schedules in Redis, as bull 4.16.5 leaves them when `SCHEDULE` was changed: keys, ids and
/// scores are its own.
async fn left_by_node(queue: &Queue) {
    let raw = Raw(queue.clone());
    for (cron, md5) in NODE_IDS {
        let next = "4102462800000";
        let key = format!("__default__:::Europe/Paris:{cron}");
        let id = format!("repeat:{md5}:{next}");
        let opts = json!({
            "repeat": { "count": 1, "key": key, "cron": cron, "tz": "Europe/Paris" },
            "jobId": id, "delay": 1, "timestamp": 1, "prevMillis": 4_102_462_800_000_u64,
            "attempts": 10
        });
        raw.command::<()>("ZADD", &[&raw.key("repeat"), next, &key]).await;
        raw.command::<()>("ZADD", &[&raw.key("delayed"), "16803687628800001", &id]).await;
        let opts = opts.to_string();
        raw.command::<()>(
            "HSET",
            &[&raw.key(&id), "name", "__default__", "data", "{}", "opts", &opts],
        )
        .await;
    }
}

/// What bull 4.16.5 computes for these cron expressions.
const NODE_IDS: [(&str, &str); 2] = [("10 5 * * *", NODE_10_5), ("0 3 * * *", NODE_0_3)];
const NODE_10_5: &str = "236017121bb708588911b5f9e8deea8a";
const NODE_0_3: &str = "d54c70186269bfc8faf545c8f00b5a30";

#[tokio::test]
async fn schedules_left_by_node_are_replaced_with_their_occurrences() {
    let (_redis, queue) = queue().await;
    left_by_node(&queue).await;
    let new = queue.upsert_repeatable(&nightly(3), &paris("10 5 * * *")).await.unwrap();
    assert!(new.next_id().starts_with(&format!("repeat:{NODE_10_5}:")), "{}", new.next_id());
    let left = queue.repeatables().await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    let delayed = queue.ids(State::Delayed, 0, -1).await.unwrap();
    assert_eq!(delayed, [new.next_id()]);
    let raw = Raw(queue.clone());
    let keys: Vec<String> = raw.command("KEYS", &["bull:*:repeat:*"]).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[tokio::test]
async fn changed_options_reach_the_occurrence_that_waits() {
    let (_redis, queue) = queue().await;
    let first = queue.upsert_repeatable(&nightly(10), &paris("10 5 * * *")).await.unwrap();
    let second = queue.upsert_repeatable(&nightly(3), &paris("10 5 * * *")).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(queue.counts().await.unwrap().delayed, 1);
    let job = queue.job(&first.next_id()).await.unwrap().unwrap();
    assert_eq!(job.opts.attempts, 3);
    assert_eq!(job.opts.repeat.unwrap().count, Some(1));
}

#[tokio::test]
async fn the_next_occurrence_is_made_when_one_begins() {
    let (_redis, queue) = queue().await;
    let scheduled = queue.upsert_repeatable(&nightly(2), &paris("10 5 * * *")).await.unwrap();
    // Its time has come (an operator promotes it): it fails, and the next night is there all the same.
    queue.promote(&scheduled.next_id()).await.unwrap();
    let worker = TestWorker::start(&queue, quick(), |_, _| async { Err("no".into()) });
    until_state(&queue, &scheduled.next_id(), State::Failed).await;
    worker.shut_down().await;
    let next = &queue.repeatables().await.unwrap()[0];
    assert!(next.next > scheduled.next);
    let job = queue.job(&next.next_id()).await.unwrap().unwrap();
    assert_eq!(job.opts.attempts, 2);
    assert_eq!(job.opts.repeat.as_ref().unwrap().count, Some(2));
    assert_eq!(job.opts.prev_millis, Some(next.next));
    assert_eq!(job.attempts_made, 0);
    assert_eq!(queue.state(&job.id).await.unwrap(), Some(State::Delayed));
    let failed = queue.job(&scheduled.next_id()).await.unwrap().unwrap();
    assert_ne!(failed.run_id, job.run_id, "each night is a run of its own");
}

#[tokio::test]
async fn a_tick_missed_while_everything_was_down_runs_once() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    let scheduled = queue.upsert_repeatable(&nightly(1), &paris("10 5 * * *")).await.unwrap();
    // Make it a tick of long ago that was never taken.
    let next = scheduled.next_id();
    let missed = next.replace(&scheduled.next.to_string(), "1000");
    let opts = raw.field(&next, "opts").await.unwrap();
    let opts = opts.replace(&scheduled.next.to_string(), "1000");
    raw.command::<()>("RENAME", &[&raw.key(&next), &raw.key(&missed)]).await;
    raw.command::<()>("HSET", &[&raw.key(&missed), "opts", &opts]).await;
    raw.command::<()>("ZREM", &[&raw.key("delayed"), &next]).await;
    raw.command::<()>("ZADD", &[&raw.key("delayed"), "4096000", &missed]).await;
    raw.command::<()>("ZADD", &[&raw.key("repeat"), "1000", &scheduled.key]).await;

    for _ in 0..2 {
        queue.upsert_repeatable(&nightly(1), &paris("10 5 * * *")).await.unwrap();
    }
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_counts(&queue, "the missed one", |counts| counts.completed == 1).await;
    worker.shut_down().await;
    assert_eq!(queue.ids(State::Completed, 0, -1).await.unwrap()[0].as_str(), missed);
    assert_eq!(queue.ids(State::Delayed, 0, -1).await.unwrap(), [next]);
}

#[tokio::test]
async fn a_removed_schedule_does_not_come_back() {
    let (_redis, queue) = queue().await;
    let scheduled = queue.upsert_repeatable(&nightly(1), &paris("10 5 * * *")).await.unwrap();
    queue.promote(&scheduled.next_id()).await.unwrap();
    assert!(queue.remove_repeatable(&scheduled.key).await.unwrap());
    assert!(!queue.remove_repeatable(&scheduled.key).await.unwrap());
    let worker = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_state(&queue, &scheduled.next_id(), State::Completed).await;
    worker.shut_down().await;
    assert!(queue.repeatables().await.unwrap().is_empty());
    assert_eq!(queue.counts().await.unwrap().delayed, 0);
}

#[tokio::test]
async fn a_wrong_schedule_changes_nothing() {
    let (_redis, queue) = queue().await;
    let before = queue.upsert_repeatable(&nightly(1), &paris("10 5 * * *")).await.unwrap();
    for wrong in [
        paris("at five"),
        RepeatOptions::cron("10 5 * * *", "Europe/Lutetia"),
        paris("0 0 30 2 *"),
        RepeatOptions::default(),
    ] {
        assert!(queue.upsert_repeatable(&nightly(1), &wrong).await.is_err(), "{wrong:?}");
    }
    assert_eq!(queue.repeatables().await.unwrap(), [before]);
}
