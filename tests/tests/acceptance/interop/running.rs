//! Workers of both kinds beside and after each other.

use serde_json::{Value, json};

use crate::interop::scenario::Stage;

const QUEUE: &str = "Replication queue";

fn read() -> Value {
    json!({ "op": "read" })
}

#[tokio::test]
async fn a_node_program_waits_for_a_job_that_our_worker_runs() {
    let mut stage = Stage::set();
    let add = |data: Value| json!({ "op": "add", "data": data });
    stage.node.does(QUEUE, &add(json!({ "return": { "rows": 3 } }))).await.unwrap();
    stage.node.does(QUEUE, &add(json!({ "fail": "disk full" }))).await.unwrap();
    let first = stage.node.begin(QUEUE, &json!({ "op": "finished", "id": "1" })).await;
    let second = stage.node.begin(QUEUE, &json!({ "op": "finished", "id": "2" })).await;
    // Answered after the two have begun to listen.
    stage.node.does(QUEUE, &read()).await.unwrap();
    let work = json!({ "op": "work", "until": { "completed": 1, "failed": 1 } });
    stage.ours.does(QUEUE, &work).await.unwrap();
    assert_eq!(first.await, Ok(json!({ "rows": 3 })));
    assert_eq!(second.await, Err("disk full".to_owned()));
}

#[tokio::test]
async fn two_workers_of_each_kind_share_a_queue() {
    let mut stage = Stage::set();
    let jobs: Vec<Value> =
        (0..300).map(|n| json!({ "data": { "return": n, "sleep": n % 3 } })).collect();
    stage.node.does(QUEUE, &json!({ "op": "addBulk", "jobs": jobs })).await.unwrap();
    stage.node.does(QUEUE, &json!({ "op": "startWorker" })).await.unwrap();
    let work = json!({ "op": "work", "until": { "completed": 300 } });
    stage.ours.does(QUEUE, &work).await.unwrap();
    stage.node.does(QUEUE, &json!({ "op": "stopWorker" })).await.unwrap();
    let read = stage.ours.does(QUEUE, &read()).await.unwrap();
    assert_eq!(
        read["counts"],
        json!({ "waiting": 0, "active": 0, "completed": 300, "failed": 0, "delayed": 0, "paused": 0 })
    );
    for (id, job) in read["jobs"].as_object().unwrap() {
        assert_eq!(job["returnvalue"], json!(id.parse::<u64>().unwrap() - 1));
        assert_eq!(job["attemptsMade"], 0);
    }
}

/// A worker that is closed leaves the rest of the night to the other kind.
#[tokio::test]
async fn what_one_kind_of_worker_leaves_the_other_ends() {
    let mut stage = Stage::set();
    let flaky = json!({ "op": "add", "data": { "fail": "busy", "failures": 1, "return": "ok" },
        "opts": { "attempts": 3, "backoff": { "type": "exponential", "delay": 30 } } });
    for (queue, ours_first) in [("ours, then Bull", true), ("Bull, then ours", false)] {
        let steps = [
            flaky.clone(),
            json!({ "op": "work", "until": { "delayed": 1 } }),
            json!({ "op": "work", "until": { "completed": 1 } }),
            json!({ "op": "add", "data": { "return": 2 } }),
            json!({ "op": "work", "until": { "completed": 2 } }),
        ];
        for (number, step) in steps.iter().enumerate() {
            // A backoff of 30 ms would pass while the first worker closes.
            let mut step = step.clone();
            if number == 0 {
                step["opts"]["backoff"]["delay"] = json!(1500);
            }
            if (number % 2 == 0) == ours_first {
                stage.ours.does(queue, &step).await.unwrap();
            } else {
                stage.node.does(queue, &step).await.unwrap();
            }
        }
        let read = stage.ours.does(queue, &read()).await.unwrap();
        assert_eq!(read["jobs"]["1"]["returnvalue"], "ok", "{queue}");
        assert_eq!(read["jobs"]["1"]["attemptsMade"], 1, "{queue}");
        assert_eq!(read["jobs"]["1"]["stacktrace"].as_array().unwrap().len(), 1, "{queue}");
        assert_eq!(read["jobs"]["2"]["returnvalue"], 2, "{queue}");
    }
}

/// A job that runs longer than its time-out fails with both, and its worker goes on.
#[tokio::test]
async fn a_job_that_runs_too_long_fails() {
    let mut stage = Stage::set();
    let slow =
        json!({ "op": "add", "data": { "sleep": 600, "return": 1 }, "opts": { "timeout": 100 } });
    let next = json!({ "op": "add", "data": { "return": 2 } });
    let work = json!({ "op": "work", "until": { "completed": 1, "failed": 1 } });
    for (queue, ours) in [("timed out by Bull", false), ("timed out by ours", true)] {
        for step in [&slow, &next, &work] {
            if ours {
                stage.ours.does(queue, step).await.unwrap();
            } else {
                stage.node.does(queue, step).await.unwrap();
            }
        }
        let read = stage.ours.does(queue, &read()).await.unwrap();
        assert_eq!(read["ranges"]["failed"], json!(["1"]), "{queue}");
        let reason = read["jobs"]["1"]["failedReason"].as_str().unwrap();
        assert!(reason.contains("100") || reason.contains("timed out"), "{reason}");
    }
}

/// A pause is kept in Redis, and workers of both kinds heed it, whoever paused.
#[tokio::test]
async fn a_pause_holds_the_workers_of_both_kinds() {
    let mut stage = Stage::set();
    let add = json!({ "op": "add", "data": { "return": 1 } });
    let (pause, resume) = (json!({ "op": "pause" }), json!({ "op": "resume" }));
    for (queue, ours_pauses) in [("paused by ours", true), ("paused by Bull", false)] {
        stage.node.does(queue, &json!({ "op": "startWorker" })).await.unwrap();
        let worker = stage.ours.start_worker(queue).await;
        // Both workers work.
        for _ in 0..20 {
            stage.node.does(queue, &add).await.unwrap();
        }
        stage.until(queue, "completed", 20).await;
        if ours_pauses {
            stage.ours.does(queue, &pause).await.unwrap();
        } else {
            stage.node.does(queue, &pause).await.unwrap();
        }
        for _ in 0..10 {
            stage.node.does(queue, &add).await.unwrap();
            stage.ours.does(queue, &add).await.unwrap();
            let read = stage.ours.does(queue, &read()).await.unwrap();
            assert_eq!(read["counts"]["active"], 0, "{queue}");
            assert_eq!(read["counts"]["completed"], 20, "{queue}");
        }
        // A worker that starts anew finds the pause.
        let second = stage.ours.start_worker(queue).await;
        let read = stage.ours.does(queue, &read()).await.unwrap();
        assert_eq!(read["counts"]["paused"], 20, "{queue}");
        if ours_pauses {
            stage.node.does(queue, &resume).await.unwrap();
        } else {
            stage.ours.does(queue, &resume).await.unwrap();
        }
        stage.until(queue, "completed", 40).await;
        stage.node.does(queue, &json!({ "op": "stopWorker" })).await.unwrap();
        worker.stop().await;
        second.stop().await;
    }
}
