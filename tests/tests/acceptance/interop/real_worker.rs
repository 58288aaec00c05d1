//! The real worker program, and Node's in its place in the middle of a night.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;
use test_servers::RedisServer;

use crate::interop::scenario::Stage;

const LAST: [&str; 2] = ["Learning Content replication queue", "Notification queue"];

#[tokio::test(flavor = "multi_thread")]
async fn nodes_worker_ends_the_night_that_the_program_began_and_the_reverse() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let programs = Programs::new(&production, &redis.url());
    let queues = Queues::new(&redis.url());
    let mut stage = Stage::on(redis);

    // An operator holds the night back with a Node.js tool before its third step.
    stage.node.does(LAST[0], &json!({ "op": "pause" })).await.unwrap();
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the third step stands in line", || queues.list(LAST[0], "paused").len() == 1);
    assert_eq!(queues.count("Replication queue", "completed"), 1);
    assert_eq!(queues.count("Incremental replication queue", "completed"), 1);
    worker.signal(Signal::SIGTERM);
    worker.wait();

    // Node's worker takes over, and adds the step that follows as the Node.js program does.
    let work = json!({ "op": "work", "until": { "completed": 1 } });
    stage.node.does(LAST[0], &json!({ "op": "resume" })).await.unwrap();
    stage.node.does(LAST[0], &work).await.unwrap();
    stage.node.does(LAST[1], &json!({ "op": "add", "opts": { "attempts": 1 } })).await.unwrap();

    // The program is put back for the last step.
    let mut worker = programs.start("worker", &[]);
    wait_until("the night is over", || queues.completed_everywhere(1));
    worker.wait_for_log("Completed job in Notification queue: 1");
    worker.signal(Signal::SIGTERM);
    worker.wait();
    assert_eq!(production.target_rows(), production.source_rows());
}
