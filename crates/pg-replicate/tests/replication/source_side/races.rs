//! Objects that come and go while they are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pg_replicate::database_snapshot::DatabaseSnapshot;
use pg_replicate::load::{LoadData, LoadSource};
use pg_replicate::verify::compare;
use pg_replicate::{BackupMode, Error, Verify, connect};
use progress::Context;

use crate::support::World;

/// Tables with sequences, indexes and functions are dropped and made anew, one after the other, until it is told to stop.
const CHURN: [&str; 4] = [
    "CREATE TABLE public.t (id serial PRIMARY KEY, body text DEFAULT 'x'); INSERT INTO public.t (body) VALUES ('a')",
    "CREATE FUNCTION public.f(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE public.t",
    "DROP FUNCTION public.f(int, text)",
];

#[tokio::test]
async fn nothing_panics_when_objects_go() {
    let world = World::new("CREATE TABLE stays (id int PRIMARY KEY); INSERT INTO stays VALUES (1)");
    let stop = Arc::new(AtomicBool::new(false));
    let mut churning = Vec::new();
    for number in 0..2 {
        let client = connect(&world.url("producer", "source")).await.unwrap();
        let stop = Arc::clone(&stop);
        churning.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                for sql in CHURN {
                    let sql = sql.replace("public.t", &format!("public.t{number}"));
                    let sql = sql.replace("public.f", &format!("public.f{number}"));
                    // Locks of ours are in the way for a moment.
                    client.batch_execute(&sql).await.unwrap();
                }
            }
        }));
    }
    let context = Context::quiet();
    let source = world.url("source_user", "source");
    let copy = world.copy("{}");
    let mut ended = Vec::new();
    for _ in 0..8 {
        match DatabaseSnapshot::open(&source, &context).await {
            Ok(moment) => moment.end(&context).await.unwrap(),
            Err(error) => ended.push(error),
        }
        // A finding or none, but an answer.
        let _ = copy.check_live(2).await;
        let load = LoadData {
            sources: vec![LoadSource::Database(source.clone())],
            target: world.url("target_user", "target"),
            excluded: Vec::new(),
            truncates: true,
            allows_new_columns: false,
        };
        assert!(load.run(&context).await.is_err(), "the target has no tables");
    }
    for _ in 0..2 {
        match copy.live(&world.live_options(), &context).await {
            Ok(_) => assert_eq!(world.target("SELECT id FROM stays"), "1"),
            Err(error) => ended.push(error),
        }
    }
    stop.store(true, Ordering::Relaxed);
    for one in churning {
        one.await.unwrap();
    }
    let is_clear = |error: &Error| {
        matches!(
            error,
            Error::Database { .. }
                | Error::Program { .. }
                | Error::Restore(_)
                | Error::Verification(_)
        )
    };
    assert!(ended.iter().all(is_clear), "{ended:?}");
    world.live(&copy).await.unwrap();
}

/// A table that is emptied between the snapshot and its lock would arrive empty without a word.
#[tokio::test]
async fn a_table_that_is_replaced_before_its_lock_is_looked_at_again() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    let app = connect(&world.url("producer", "source")).await.unwrap();
    // The lock has to be waited for, and the table is another one when it is there.
    app.batch_execute("BEGIN; LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let copy = world.copy("{}");
    let (options, running) = (world.live_options(), copy.clone());
    let work = tokio::spawn(async move { running.live(&options, &Context::quiet()).await });
    let begun = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-replicate live' AND query LIKE 'SAVEPOINT%' OR query LIKE '%pg_locks l%JOIN%'";
    let begun = async || world.server.psql("source", begun).unwrap() != "0";
    assert!(test_servers::wait_for_async(std::time::Duration::from_secs(20), begun).await);
    app.batch_execute(
        "CREATE TABLE public.b (id int); INSERT INTO public.b VALUES (2), (3); DROP TABLE public.a;
         ALTER TABLE public.b RENAME TO a; COMMIT",
    )
    .await
    .unwrap();
    work.await.unwrap().unwrap();
    assert_eq!(world.target("SELECT count(*) FROM a"), "2");
}

/// A table that goes between the snapshot and its lock is not compared; all else is.
#[tokio::test]
async fn a_table_that_goes_while_both_sides_are_compared_is_looked_at_again() {
    let world =
        World::new("CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO b VALUES (1)");
    world.run(&world.copy("{}")).await.unwrap();
    let app = connect(&world.url("producer", "source")).await.unwrap();
    app.batch_execute("BEGIN; LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    let work = tokio::spawn(async move {
        let (mode, verify) = (BackupMode::default(), Verify::Checksums);
        compare(&source, &target, &mode, verify, 2, &Context::quiet()).await
    });
    let begun = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-replicate verification'
                 AND (query LIKE 'SAVEPOINT%' OR query LIKE '%pg_locks l%JOIN%' OR query LIKE 'ROLLBACK TO%')";
    let begun = async || world.server.psql("source", begun).unwrap() != "0";
    assert!(test_servers::wait_for_async(std::time::Duration::from_secs(20), begun).await);
    app.batch_execute("DROP TABLE public.a; COMMIT").await.unwrap();
    let report = work.await.unwrap().unwrap();
    let tables: Vec<&str> = report.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!((tables, report.is_equal()), (vec!["b"], true));
}

/// What was dropped or emptied since the load looked at it is named, and the target is as it was.
#[tokio::test]
async fn a_table_that_goes_while_data_are_loaded_is_named() {
    for (change, named) in
        [("DROP TABLE public.a", "\"public.a\""), ("TRUNCATE public.a", "table a was")]
    {
        let tables = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)";
        let world = World::new(tables);
        world.target(tables);
        // The target's lock holds the load between its look and its reading.
        let reader = connect(&world.url("target_user", "target")).await.unwrap();
        reader.batch_execute("BEGIN; SELECT FROM public.a").await.unwrap();
        let load = LoadData {
            sources: vec![LoadSource::Database(world.url("source_user", "source"))],
            target: world.url("target_user", "target"),
            excluded: Vec::new(),
            truncates: true,
            allows_new_columns: false,
        };
        let work = tokio::spawn(async move { load.run(&Context::quiet()).await });
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-replicate load'
                     AND datname = 'target' AND wait_event_type = 'Lock'";
        let waits = async || world.server.psql("postgres", waits).unwrap() != "0";
        assert!(test_servers::wait_for_async(std::time::Duration::from_secs(20), waits).await);
        world.source(change);
        reader.batch_execute("COMMIT").await.unwrap();
        let error = work.await.unwrap().unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("nothing was changed"), "{error}");
        assert_eq!(world.target("SELECT id FROM a"), "1");
    }
}
