//! What is read in a moment and what pg_dump writes of it are the same, whatever happens meanwhile.

use std::time::Duration;

use crate::support::World;
use pg_replicate::database_snapshot::{DatabaseSnapshot, DumpFormat};
use pg_replicate::{Error, fingerprint};
use progress::Context;
use test_servers::wait_for;

const SCRIPT: &str = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2);
    CREATE TABLE b (x int) PARTITION BY LIST (x);
    CREATE TABLE b_1 PARTITION OF b FOR VALUES IN (1);";

#[tokio::test]
async fn rows_come_and_go_and_definitions_stay() {
    let world = World::new(SCRIPT);
    let url = world.url("source_user", "source");
    let context = Context::quiet();
    let moment = DatabaseSnapshot::open(&url, &context).await.unwrap();
    let names: Vec<String> = moment
        .tables()
        .iter()
        .map(|table| format!("{} of {}: {}", table.name, table.root, table.has_rows))
        .collect();
    assert_eq!(names, ["a of a: true", "b of b: false", "b_1 of b: true"]);

    world.source("INSERT INTO a VALUES (3)");
    for refused in ["TRUNCATE a", "ALTER TABLE a ADD y int", "DROP TABLE b_1"] {
        let script = format!("SET ROLE producer; SET lock_timeout = '50ms'; {refused}");
        let error = world.server.psql("source", &script).unwrap_err().to_string();
        assert!(error.contains("lock timeout"), "{refused}: {error}");
    }
    let snapshot = Some(moment.snapshot());
    let found = fingerprint::database(&url, |_| true, 2, snapshot, &context).await.unwrap();
    let rows: Vec<u64> = found.values().map(|found| found.rows).collect();
    assert_eq!(rows, [2, 0]);
    let dump = world.directory.path().join("dump.sql");
    moment.dump(DumpFormat::Plain, &dump, (0.0, 100.0), &context).await.unwrap();
    let text = std::fs::read_to_string(&dump).unwrap();
    assert!(text.contains("\n1\n2\n\\.\n"), "{text}");

    moment.end(&context).await.unwrap();
    world.source("SET lock_timeout = '10s'; TRUNCATE a");
}

#[tokio::test]
async fn a_moment_that_is_lost_ends_what_is_done_in_it() {
    let world = World::new(SCRIPT);
    let context = Context::quiet();
    let moment =
        DatabaseSnapshot::open(&world.url("source_user", "source"), &context).await.unwrap();
    let work = async {
        let end =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'source_user'";
        world.server.psql("postgres", end).unwrap();
        std::future::pending::<Result<(), Error>>().await
    };
    let error = moment.during(work).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    assert!(error.to_string().contains("the snapshot of the source was lost"), "{error}");
}

#[tokio::test]
async fn cancelled_it_leaves_no_session() {
    let world = World::new(SCRIPT);
    let context = Context::quiet();
    let moment =
        DatabaseSnapshot::open(&world.url("source_user", "source"), &context).await.unwrap();
    context.cancel.cancel();
    let dump = world.directory.path().join("dump");
    let dumped = moment.dump(DumpFormat::Custom, &dump, (0.0, 100.0), &context).await;
    assert!(dumped.unwrap_err().is_cancelled());
    assert!(moment.end(&context).await.unwrap_err().is_cancelled());
    tokio::task::yield_now().await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'source_user'";
    let none = tokio::task::spawn_blocking(move || {
        wait_for(Duration::from_secs(20), || {
            world.server.psql("postgres", sessions).unwrap() == "0"
        })
    });
    assert!(none.await.unwrap());
}
