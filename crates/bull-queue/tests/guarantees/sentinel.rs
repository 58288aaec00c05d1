//! `redis+sentinel://`: a job outlives the death of the master it was taken from.

use std::sync::Arc;

use bull_queue::{JobOutcome, JobRequest, Queue, WorkerEvent, connect};
use serde_json::json;
use test_servers::{RedisOptions, RedisSentinel, RedisServer};
use tokio::sync::Notify;

use crate::support::{QUEUE, TestWorker, job, quick, until, until_counts};

/// Whether the replica of `master` has all of it, and the sentinel knows the replica.
async fn is_in_step(master: &RedisServer, sentinel: &RedisSentinel) -> bool {
    let ask = async |url: String, words: &[&str]| -> Option<String> {
        let client = redis::Client::open(url).ok()?;
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.ok()
    };
    let replication = ask(master.url(), &["INFO", "replication"]).await.unwrap_or_default();
    let watched =
        ask(format!("redis://127.0.0.1:{}", sentinel.port()), &["INFO", "sentinel"]).await;
    replication.contains("state=online") && watched.unwrap_or_default().contains("slaves=1")
}

#[tokio::test]
async fn a_new_master_is_followed_in_mid_job() {
    let mut master = RedisServer::start().unwrap();
    let replica_of = ("replicaof".to_owned(), format!("127.0.0.1 {}", master.port()));
    let settings = vec![replica_of, ("repl-diskless-sync-delay".into(), "0".into())];
    let replica =
        RedisServer::start_with(RedisOptions { settings, ..RedisOptions::default() }).unwrap();
    let sentinel = RedisSentinel::start(&master).unwrap();
    until("the replica is in step", async || is_in_step(&master, &sentinel).await).await;

    let queue = Queue::new(connect(&sentinel.url()).await.unwrap(), QUEUE);
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, told) = (Arc::clone(&begun), Arc::clone(&finish));
    let worker = TestWorker::start(&queue, quick(), move |_, context| {
        let (tell, told) = (Arc::clone(&tell), Arc::clone(&told));
        async move {
            tell.notify_one();
            tokio::select! {
                () = told.notified() => {
                    let outcome = JobOutcome::new(json!("done"));
                    Ok(outcome.followed_by("Next queue", JobRequest::default()))
                }
                () = context.cancel.cancelled() => Err("cancelled".into()),
            }
        }
    });
    queue.add(&job(json!({}))).await.unwrap();
    begun.notified().await;
    let copied = Queue::new(connect(&replica.url()).await.unwrap(), QUEUE);
    until_counts(&copied, "the replica has the running job", |counts| counts.active == 1).await;

    master.kill();
    finish.notify_one();
    until_counts(&copied, "its end is recorded on the new master", |counts| counts.completed == 1)
        .await;
    let next = Queue::new(connect(&sentinel.url()).await.unwrap(), "Next queue");
    let version = next.connection().server().await.unwrap().version.unwrap();
    assert_eq!(version.split('.').count(), 3);
    assert_eq!(next.counts().await.unwrap().waiting, 1);

    queue.add(&job(json!({}))).await.unwrap();
    finish.notify_one();
    until_counts(&queue, "the next job runs there", |counts| counts.completed == 2).await;
    let events = worker.shut_down().await;
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Completed { .. })), 2);
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Lost { .. })), 0);
}

#[tokio::test]
async fn sentinels_that_are_away_or_know_no_such_service_are_an_error() {
    let nobody = connect("redis+sentinel://:hidden@127.0.0.1:1/night").await.unwrap_err();
    assert!(nobody.is_unreachable(), "{nobody}");
    assert!(nobody.to_string().contains("127.0.0.1:1/night"), "{nobody}");
    assert!(!format!("{nobody} {nobody:?}").contains("hidden"), "{nobody:?}");

    let master = RedisServer::start().unwrap();
    let sentinel = RedisSentinel::start(&master).unwrap();
    let other = format!("redis+sentinel://127.0.0.1:{}/other", sentinel.port());
    let unknown = connect(&other).await.unwrap_err();
    assert!(unknown.to_string().contains("other"), "{unknown}");
}
