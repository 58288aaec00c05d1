//! A night that both kinds of workers share, and the schedule that both find in Redis.

use bull_queue::{JobRequest, RepeatOptions};
use serde_json::{Value, json};

use crate::interop::scenario::Stage;

const QUEUES: [&str; 4] = [
    "Replication queue",
    "Incremental replication queue",
    "Learning Content replication queue",
    "Notification queue",
];

/// Has one kind of worker end the job of a queue.
async fn work(stage: &mut Stage, queue: &str, ours: bool, completed: u64) {
    let work = json!({ "op": "work", "until": { "completed": completed } });
    if ours {
        stage.ours.does(queue, &work).await.unwrap();
    } else {
        stage.node.does(queue, &work).await.unwrap();
    }
}

#[tokio::test]
async fn a_night_is_begun_by_one_and_ended_by_the_other() {
    let mut stage = Stage::set();
    let first = json!({ "op": "add", "data": { "then": QUEUES[1..] } });
    // Who works in which queue: changed in the middle, back and forth.
    let nights = [
        [true, true, false, false],
        [false, false, true, true],
        [true, false, true, false],
        [false, true, false, true],
    ];
    for (night, kinds) in (1..).zip(nights) {
        if kinds[0] {
            stage.node.does(QUEUES[0], &first).await.unwrap();
        } else {
            stage.ours.does(QUEUES[0], &first).await.unwrap();
        }
        for (queue, ours) in QUEUES.iter().zip(kinds) {
            work(&mut stage, queue, ours, night).await;
        }
    }
    for queue in QUEUES {
        let read = json!({ "op": "read" });
        let theirs = stage.node.does(queue, &read).await.unwrap();
        assert_eq!(stage.ours.does(queue, &read).await.unwrap(), theirs);
        let wanted = json!({
            "waiting": 0, "active": 0, "completed": 4, "failed": 0, "delayed": 0, "paused": 0
        });
        assert_eq!(theirs["counts"], wanted, "{queue}: each night once");
    }
}

/// Our worker has died in a job: Node's runs it again, as Bull does. Node's has died: ours, unless
/// told to do as Bull, lets it fail.
#[tokio::test]
async fn a_job_of_a_dead_worker_is_found_by_the_other_kind() {
    let mut stage = Stage::set();
    let queue = "died in ours";
    stage.ours.does(queue, &json!({ "op": "add" })).await.unwrap();
    let id = stage.ours.does(queue, &json!({ "op": "take" })).await.unwrap();
    stage.ours.does(queue, &json!({ "op": "dead", "id": id })).await.unwrap();
    work(&mut stage, queue, false, 1).await;
    let job = stage.ours.queue(queue).await.job("1").await.unwrap().unwrap();
    assert_eq!((job.attempts_made, job.failed_reason), (0, None));

    let queue = "died in Bull's";
    stage.node.does(queue, &json!({ "op": "add", "opts": { "attempts": 9 } })).await.unwrap();
    let id = stage.node.does(queue, &json!({ "op": "take" })).await.unwrap();
    stage.node.does(queue, &json!({ "op": "dead", "id": id })).await.unwrap();
    let ours = stage.ours.queue(queue).await;
    let moved = ours.fail_interrupted(std::time::Duration::from_millis(100)).await.unwrap();
    assert_eq!(moved.len(), 1);
    let theirs = stage.node.does(queue, &json!({ "op": "read" })).await.unwrap();
    assert_eq!(theirs["ranges"]["failed"], json!(["1"]));
    assert_eq!(theirs["jobs"]["1"]["failedReason"], bull_queue::INTERRUPTED_REASON);
}

/// The repeatable jobs as Node's Bull lists them: key and next.
async fn listed(stage: &mut Stage, queue: &str) -> Vec<Value> {
    let read = stage.node.does(queue, &json!({ "op": "read" })).await.unwrap();
    read["repeatables"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_schedule_of_one_is_kept_or_replaced_by_the_other() {
    let mut stage = Stage::set();
    let queue = QUEUES[0];
    let nightly = json!({ "cron": "10 5 * * *", "tz": "Europe/Paris" });
    let add = |repeat: &Value| json!({ "op": "add", "opts": { "repeat": repeat, "attempts": 10 } });
    stage.node.does(queue, &add(&nightly)).await.unwrap();
    stage
        .node
        .does(queue, &add(&json!({ "cron": "0 3 * * *", "tz": "Europe/Paris" })))
        .await
        .unwrap();
    let old = listed(&mut stage, queue).await;
    assert_eq!(old.len(), 2);
    let ours = stage.ours.queue(queue).await;
    let upsert = async |cron: &str| {
        let repeat = RepeatOptions::cron(cron, "Europe/Paris");
        ours.upsert_repeatable(&JobRequest::default(), &repeat).await.unwrap()
    };
    // The same schedule: the same job, and the one beside it goes.
    let kept = upsert("10 5 * * *").await;
    let now = listed(&mut stage, queue).await;
    assert_eq!(now.len(), 1);
    assert!(old.contains(&now[0]), "{now:?}");
    assert_eq!(ours.counts().await.unwrap().delayed, 1);
    assert_eq!(now[0]["key"], kept.key);
    // Another schedule: replaced, with its occurrence.
    let changed = upsert("30 6 * * *").await;
    let now = listed(&mut stage, queue).await;
    assert_eq!(
        (now.len(), &now[0]["key"], &now[0]["next"]),
        (1, &json!(changed.key), &json!(changed.next))
    );
    let delayed = ours.ids(bull_queue::State::Delayed, 0, -1).await.unwrap();
    assert_eq!(delayed, [changed.next_id()]);
    // A Node.js program put back adds its own as ever: the same one, once.
    stage
        .node
        .does(queue, &add(&json!({ "cron": "30 6 * * *", "tz": "Europe/Paris" })))
        .await
        .unwrap();
    assert_eq!(listed(&mut stage, queue).await, now);
    assert_eq!(ours.counts().await.unwrap().delayed, 1);
    // Bull's worker runs the occurrence and makes the next one.
    stage.node.does(queue, &json!({ "op": "promote", "id": changed.next_id() })).await.unwrap();
    let work = json!({ "op": "work", "until": { "completed": 1, "delayed": 1 } });
    stage.node.does(queue, &work).await.unwrap();
    assert_eq!(ours.repeatables().await.unwrap().len(), 1);
    assert!(ours.repeatables().await.unwrap()[0].next > changed.next);
}
