//! Users of Redis who may not do everything, and servers that cannot hold a queue.

use bull_queue::{Error, Queue, State, WorkerEvent, connect};
use serde_json::json;
use test_servers::{RedisOptions, RedisServer};

use crate::support::{QUEUE, Raw, TestWorker, done, job, queue, quick, until_state};

/// The queue as a user sees it who has these rights.
async fn queue_as(redis: &RedisServer, owner: &Queue, rights: &[&str]) -> Queue {
    let raw = Raw(owner.clone());
    let set = [&["SETUSER", "app", "reset", "on", ">word"], rights].concat();
    raw.command::<()>("ACL", &set).await;
    let url = format!("redis://app:word@127.0.0.1:{}", redis.port());
    Queue::new(connect(&url).await.unwrap(), QUEUE)
}

#[tokio::test]
async fn without_channels_jobs_are_added_once_and_run() {
    let (redis, owner) = queue().await;
    let queue = queue_as(&redis, &owner, &["~bull:*", "+@all", "resetchannels"]).await;
    let id = queue.add(&job(json!({}))).await.unwrap();
    queue.pause().await.unwrap();
    queue.resume().await.unwrap();
    assert_eq!(owner.ids(State::Waiting, 0, -1).await.unwrap(), std::slice::from_ref(&id));
    let worker = TestWorker::start(&queue, quick(), |_, context| async move {
        context.update_progress(&json!(50)).await?;
        done()
    });
    until_state(&owner, &id, State::Completed).await;
    let told = |event: &WorkerEvent| matches!(event, WorkerEvent::Error { error } if error.contains("&bull:*"));
    worker.events.until("the missing right", told).await;
    let later = queue.add(&job(json!({}))).await.unwrap();
    until_state(&owner, &later, State::Completed).await;
    let events = worker.shut_down().await;
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Error { .. })), 1);

    let rights = queue.rights().await.unwrap();
    assert_eq!(rights.refused, []);
    assert!(rights.channels.is_some());
}

#[tokio::test]
async fn every_right_is_tried_and_nothing_is_left() {
    let (redis, owner) = queue().await;
    let rights = owner.rights().await.unwrap();
    assert_eq!((rights.refused, rights.channels), (Vec::new(), None));

    let no_lists = queue_as(&redis, &owner, &["~bull:*", "&bull:*", "+@all", "-@list"]).await;
    let refused = no_lists.rights().await.unwrap().refused;
    assert!(refused.iter().any(|(command, _)| command == "LPUSH"), "{refused:?}");
    for rights in
        [&["~bull:*", "&bull:*", "+@all", "-@scripting"][..], &["~other:*", "&bull:*", "+@all"]]
    {
        let error = queue_as(&redis, &owner, rights).await.rights().await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
    }
    let raw = Raw(owner);
    let keys: Vec<String> = raw.command("KEYS", &["*"]).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn a_user_who_may_not_ask_about_the_server_is_let_in() {
    let (redis, owner) = queue().await;
    let queue = queue_as(&redis, &owner, &["~bull:*", "&bull:*", "+@all", "-info"]).await;
    queue.add(&job(json!({}))).await.unwrap();
    assert_eq!(queue.connection().server().await.unwrap().version, None);
}

#[tokio::test]
async fn a_part_of_a_cluster_is_refused() {
    let settings = vec![("cluster-enabled".to_owned(), "yes".to_owned())];
    let redis =
        RedisServer::start_with(RedisOptions { settings, ..RedisOptions::default() }).unwrap();
    let error = connect(&redis.url()).await.unwrap_err();
    assert!(matches!(error, Error::Cluster { .. }) && !error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn a_redis_that_drops_keys_is_a_danger() {
    let (_redis, queue) = queue().await;
    assert_eq!(queue.connection().server().await.unwrap().danger(), None);
    let raw = Raw(queue.clone());
    raw.command::<()>("CONFIG", &["SET", "maxmemory-policy", "allkeys-lru"]).await;
    let danger = queue.connection().server().await.unwrap().danger().unwrap();
    assert!(danger.contains("allkeys-lru"), "{danger}");
}

/// The check knows every command that the scripts use.
#[test]
fn the_check_tries_what_the_scripts_do() {
    let lua = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lua");
    let tried = std::fs::read_to_string(lua.join("check_rights.lua")).unwrap();
    let files = [lua.clone(), lua.join("lib")];
    let files = files.iter().flat_map(|directory| std::fs::read_dir(directory).unwrap());
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let script = std::fs::read_to_string(&file).unwrap();
        for call in script.split("call('").skip(1) {
            let command = call.split('\'').next().unwrap();
            assert!(tried.contains(&format!("try('{command}'")), "{command} in {}", file.display());
        }
    }
}
