//! bull-board's API on our queue.

use serde_json::{Value, json};

use crate::interop::scenario::Stage;

const QUEUE: &str = "Replication queue";

/// Calls a handler of the API; the answer's body.
async fn call(stage: &mut Stage, method: &str, route: &str, id: &str, query: Value) -> Value {
    let request = json!({
        "op": "board", "method": method, "route": route, "query": query,
        "params": { "jobId": id, "queueStatus": "failed" },
    });
    let answer = stage.node.does(QUEUE, &request).await.unwrap();
    assert!(answer["status"].as_u64().unwrap() < 300, "{method} {route}: {answer}");
    answer["body"].clone()
}

#[tokio::test]
async fn lists_shows_retries_promotes_removes_and_pauses() {
    let mut stage = Stage::set();
    for step in [
        json!({ "op": "add", "data": { "return": "fine" } }),
        json!({ "op": "add", "data": { "fail": "disk full", "logs": ["line"], "progress": 40 } }),
        json!({ "op": "work", "until": { "completed": 1, "failed": 1 } }),
        json!({ "op": "add", "data": { "n": 3 } }),
        json!({ "op": "add", "opts": { "delay": 600_000 } }),
    ] {
        stage.ours.does(QUEUE, &step).await.unwrap();
    }
    let query =
        json!({ "activeQueue": QUEUE, "status": "latest", "page": "1", "jobsPerPage": "10" });
    let list = call(&mut stage, "get", "/api/queues", "", query.clone()).await;
    let queue = &list["queues"][0];
    assert_eq!(queue["name"], QUEUE);
    let wanted = json!({ "waiting": 1, "active": 0, "completed": 1, "failed": 1, "delayed": 1, "paused": 0 });
    assert_eq!(queue["counts"], wanted);
    let jobs = queue["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 4);
    let failed = jobs.iter().find(|job| job["id"] == "2").unwrap();
    assert_eq!(failed["failedReason"], "disk full");
    assert_eq!(failed["stacktrace"], json!(["Error: disk full"]));
    // The board shows the number of the next try.
    assert_eq!(
        (&failed["progress"], &failed["attempts"], &failed["isFailed"]),
        (&json!(40), &json!(2), &json!(true))
    );
    let completed = jobs.iter().find(|job| job["id"] == "1").unwrap();
    assert_eq!(completed["returnValue"], "fine");

    let shown = call(&mut stage, "get", "/api/queues/:queueName/:jobId", "2", json!({})).await;
    assert_eq!(
        (&shown["status"], &shown["job"]["data"]["fail"]),
        (&json!("failed"), &json!("disk full"))
    );
    let logs = call(&mut stage, "get", "/api/queues/:queueName/:jobId/logs", "2", json!({})).await;
    assert_eq!(logs, json!(["line"]));

    let job = "/api/queues/:queueName/:jobId";
    call(&mut stage, "put", &format!("{job}/retry"), "2", json!({})).await;
    call(&mut stage, "put", &format!("{job}/promote"), "4", json!({})).await;
    call(&mut stage, "put", &format!("{job}/clean"), "3", json!({})).await;
    call(&mut stage, "put", "/api/queues/:queueName/pause", "", json!({})).await;
    let read = stage.ours.does(QUEUE, &json!({ "op": "read" })).await.unwrap();
    assert_eq!(read["ranges"]["paused"], json!(["2", "4"]));
    assert_eq!(read["counts"]["completed"], 1);
    call(&mut stage, "put", "/api/queues/:queueName/resume", "", json!({})).await;
    let work = json!({ "op": "work", "until": { "completed": 2, "failed": 1 } });
    stage.ours.does(QUEUE, &work).await.unwrap();
    call(&mut stage, "put", "/api/queues/:queueName/empty", "", json!({})).await;
    call(&mut stage, "put", "/api/queues/:queueName/pause", "", json!({})).await;
    call(&mut stage, "put", "/api/queues/:queueName/obliterate", "", json!({})).await;
    let left = stage.ours.does(QUEUE, &json!({ "op": "read" })).await.unwrap();
    assert_eq!(left["jobs"], json!({}));
}
