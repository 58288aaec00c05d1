//! Readers of the tables while they are replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use progress::Context;
use serde_json::json;
use shared_steps::jobs::learning_content::{self, Error};
use test_servers::wait_for_async;
use tokio_postgres::{Client, NoTls};

use crate::learning_content::support::{Log, Target, api, content, settings};

async fn connect(target: &Target) -> Client {
    let (client, connection) = tokio_postgres::connect(&target.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Reads until told to stop; every answer must be that of the old content or of the new.
async fn read(client: Client, in_transaction: bool, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) {
    while !stop.load(Ordering::SeqCst) {
        if in_transaction {
            client.batch_execute("BEGIN").await.unwrap();
        }
        for (table, counts) in [("courses", [1, 2]), ("skills", [3, 500]), ("areas", [2, 500])] {
            let sql = format!("SELECT count(*), min(id) FROM {table}");
            let row = client.query_one(&sql, &[]).await.unwrap();
            assert!(counts.contains(&row.get::<_, i64>(0)), "{table}: {row:?}");
            reads.fetch_add(1, Ordering::SeqCst);
        }
        if in_transaction {
            client.batch_execute("COMMIT").await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_the_old_content_or_the_new_and_never_an_error() {
    let target = Target::start();
    let old = api(&content()).await;
    let mut more = content();
    more["courses"].as_array_mut().unwrap().push(json!({"id": "recCourse2"}));
    for table in ["skills", "areas"] {
        more[table] = (0..500).map(|n| json!({"id": format!("x{n}")})).collect();
    }
    let new = api(&more).await;
    learning_content::run(&settings(&old, &target), &Context::quiet()).await.unwrap();

    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = Vec::new();
    for in_transaction in [false, true, true] {
        let client = connect(&target).await;
        readers.push(tokio::spawn(read(client, in_transaction, stop.clone(), reads.clone())));
    }
    for night in 0..6 {
        let before = reads.load(Ordering::SeqCst);
        let api = if night % 2 == 0 { &new } else { &old };
        learning_content::run(&settings(api, &target), &Context::quiet()).await.unwrap();
        let read_on = async || reads.load(Ordering::SeqCst) > before + 20;
        assert!(wait_for_async(Duration::from_secs(20), read_on).await);
    }
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_reader_is_waited_for_and_does_not_keep_others_out() {
    let target = Target::start();
    let api = api(&content()).await;
    let settings = settings(&api, &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let old = target.sql("SELECT 'skills'::regclass::oid");

    let long = connect(&target).await;
    long.batch_execute("BEGIN; SELECT * FROM skills").await.unwrap();
    let load =
        tokio::spawn(async move { learning_content::run(&settings, &Context::quiet()).await });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
    let waiting = async || target.sql(waits) != "0";
    assert!(wait_for_async(Duration::from_secs(20), waiting).await);
    // Behind a DROP that waits for ever this would be cut by its time-out.
    let found = target.sql("SET statement_timeout = '15s'; SELECT count(*) FROM skills");
    assert_eq!(found, "3");
    assert_eq!(target.sql("SELECT 'skills'::regclass::oid"), old);

    long.batch_execute("COMMIT").await.unwrap();
    load.await.unwrap().unwrap();
    assert_ne!(target.sql("SELECT 'skills'::regclass::oid"), old);
}

#[tokio::test]
async fn readers_that_never_end_are_named() {
    let target = Target::start();
    let api = api(&content()).await;
    let mut settings = settings(&api, &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let long = connect(&target).await;
    long.batch_execute("BEGIN; SELECT * FROM skills").await.unwrap();
    let pid: i32 = long.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);

    settings.on_target.lock_timeout = Duration::from_millis(100);
    let error = learning_content::run(&settings, &Context::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("skills is in use by pid {pid} (owner, for ")), "{text}");
    assert_eq!(target.sql("SELECT count(*) FROM skills"), "3");
}

#[tokio::test]
async fn a_cancelled_load_leaves_yesterdays_content_and_no_session() {
    let target = Target::start();
    let api = api(&content()).await;
    let settings = settings(&api, &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let long = connect(&target).await;
    long.batch_execute("BEGIN; SELECT * FROM skills").await.unwrap();

    let context = Context::quiet();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
    let cancel = async {
        assert!(wait_for_async(Duration::from_secs(20), async || target.sql(waits) != "0").await);
        context.cancel.cancel();
    };
    let (result, ()) = tokio::join!(learning_content::run(&settings, &context), cancel);
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'owner'";
    let only_the_reader = async || target.sql(sessions) == "1";
    assert!(wait_for_async(Duration::from_secs(20), only_the_reader).await);
    assert_eq!(target.sql("SELECT count(*) FROM skills"), "3");
}

#[tokio::test]
async fn rows_that_depend_on_an_old_table_are_not_dropped_and_views_are_told() {
    let target = Target::start();
    let api = api(&content()).await;
    let mut settings = settings(&api, &target);
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    let old = target.sql("SELECT 'skills'::regclass::oid");
    target.sql_as_owner("CREATE TABLE better_skills (mark int) INHERITS (skills)");
    target.sql_as_owner("CREATE VIEW named AS SELECT name FROM skills");

    let error = learning_content::run(&settings, &Context::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::Dependents(_)), "{error:?}");
    assert!(error.to_string().contains("better_skills (of role owner)"), "{error}");
    assert_eq!(target.sql("SELECT 'skills'::regclass::oid"), old);

    settings.on_target.drops_dependents = true;
    let log = Log::capture();
    learning_content::run(&settings, &Context::quiet()).await.unwrap();
    assert!(log.text().contains("CREATE VIEW public.named AS  SELECT"), "{}", log.text());
    assert_ne!(target.sql("SELECT 'skills'::regclass::oid"), old);
}
