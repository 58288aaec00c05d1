//! BACKUP_MODE's objects: any key, upsert, tables in parallel.

use std::time::Duration;

use crate::support::increments::{assert_same, incremental, rows, run};
use crate::support::{Recorder, World};
use pg_replicate::Error;
use progress::Context;
use test_servers::wait_for_async;

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn keys_of_any_type_and_of_several_columns() {
    let tables = r#"
        CREATE TABLE u ("the ""key" uuid, x int); CREATE TABLE s (k text, x int);
        CREATE TABLE c (a text, b int, x int);
        INSERT INTO u VALUES ('00000000-0000-0000-0000-000000000001', 1);
        INSERT INTO s VALUES (E'Z''\\', 1); INSERT INTO c VALUES ('b', 5, 1);"#;
    let world = World::new(tables);
    world.target(tables);
    world.source(
        "INSERT INTO u VALUES ('00000000-0000-0000-0000-000000000002', 2);
         INSERT INTO s VALUES ('a', 2), ('A', 3);
         INSERT INTO c VALUES ('b', 6, 2), ('c', 1, 3), ('b', 4, 4), ('B', 9, 5);",
    );
    let modes = r#"{"u":{"mode":"incremental","key":"the \"key"},"s":{"mode":"incremental","key":"k"},
        "c":{"mode":"incremental","key":["a","b"]}}"#;
    // By bytes: A is before Z, a after it.
    assert_eq!(rows(&world, modes).await, 4);
    assert_eq!(world.target("SELECT string_agg(k, ' ' ORDER BY x) FROM s"), "Z'\\ a");
    assert_eq!(world.target("SELECT string_agg(x::text, ' ' ORDER BY x) FROM c"), "1 2 3");
    assert_same(&world, "SELECT * FROM u ORDER BY 1");
    assert_eq!(rows(&world, modes).await, 0);
}

#[tokio::test]
async fn large_values_are_compressed_by_lz4_where_the_server_has_it() {
    let tables = "CREATE TABLE l (id int PRIMARY KEY, x text);";
    let world = World::new(tables);
    world.target(tables);
    world.source("INSERT INTO l VALUES (1, repeat('large value ', 2000))");
    assert_eq!(rows(&world, r#"{"l":{"mode":"incremental"}}"#).await, 1);
    let wanted = world.target(
        "SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END
         FROM pg_settings WHERE name = 'default_toast_compression'",
    );
    assert_eq!(world.target("SELECT pg_column_compression(x) FROM l"), wanted);
    assert_same(&world, "SELECT * FROM l");
}

#[tokio::test]
async fn an_empty_table_is_copied_whole() {
    let tables =
        "CREATE TABLE i (id serial PRIMARY KEY, x text); CREATE TABLE u (id int PRIMARY KEY);";
    let world = World::new(tables);
    world.target(tables);
    world.source(
        "INSERT INTO i (x) SELECT n FROM generate_series(1, 500) n; INSERT INTO u VALUES (7)",
    );
    let modes = r#"{"i":{"mode":"incremental"},"u":{"mode":"upsert"}}"#;
    assert_eq!(rows(&world, modes).await, 501);
    assert_same(&world, "SELECT * FROM i ORDER BY 1");
    assert_eq!(world.target("INSERT INTO i (x) VALUES ('next') RETURNING id"), "501");
    // The plain word refuses it, as it always did.
    world.target("TRUNCATE i");
    let error = run(&world, r#"{"i":"incremental"}"#).await.unwrap_err().to_string();
    assert!(error.contains("i table must not be empty on target database"), "{error}");
}

const USERS: &str = r#"
    CREATE TABLE "odd ""users" (
      "Id" bigint GENERATED ALWAYS AS IDENTITY, "group" text NOT NULL, name text, document json, place point,
      "updatedAt" timestamptz, shout text GENERATED ALWAYS AS (upper(name)) STORED,
      PRIMARY KEY ("group", "Id"));
"#;

#[tokio::test]
async fn upsert_adds_and_changes_rows_of_every_kind() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(
        r#"INSERT INTO "odd ""users" ("group", name, document, place, "updatedAt")
           SELECT 'g' || n % 3, 'n' || n, '{"a":  1}', point(n, n), timestamptz '2026-01-01Z' + n * interval '1 min'
           FROM generate_series(1, 100) n"#,
    );
    let modes = r#"{"\"odd \"\"users\"":{"mode":"upsert"}}"#;
    assert_eq!(rows(&world, modes).await, 100);
    // What is the same is not written again, also where a type knows no equality.
    let files = r#"SELECT string_agg(xmin::text, ' ' ORDER BY "Id") FROM "odd ""users""#;
    let before = world.target(files);
    assert_eq!(rows(&world, modes).await, 0);
    assert_eq!(world.target(files), before);
    world.source(
        r#"UPDATE "odd ""users" SET name = NULL WHERE "Id" = 1;
           UPDATE "odd ""users" SET document = '{"a": 1}' WHERE "Id" = 2;
           UPDATE "odd ""users" SET place = NULL WHERE "Id" = 3;
           INSERT INTO "odd ""users" ("group", name) VALUES ('new', 'x')"#,
    );
    assert_eq!(rows(&world, modes).await, 4);
    let all = r#"SELECT u::text FROM "odd ""users" u ORDER BY "Id""#;
    assert_same(&world, all);
    let next = r#"INSERT INTO "odd ""users" ("group") VALUES ('y') RETURNING "Id""#;
    assert_eq!(world.target(next), "102");
}

#[tokio::test]
async fn a_cursor_limits_what_is_read_and_ties_are_read_again() {
    let tables = r#"CREATE TABLE t (id int PRIMARY KEY, x text, "updatedAt" timestamptz, n int)"#;
    let world = World::new(tables);
    world.target(tables);
    let at = |minute: u32| format!("timestamptz '2026-01-01 10:{minute:02}Z'");
    world.source(&format!(
        "INSERT INTO t VALUES (1, 'a', {}), (2, 'b', {}), (3, 'c', NULL)",
        at(10),
        at(20)
    ));
    let modes = r#"{"t":{"mode":"upsert","key":"id","cursor":"updatedAt"}}"#;
    assert_eq!(rows(&world, modes).await, 3);
    // The same moment, no moment, later; and one that claims to be older than the last cursor.
    world.source(&format!(
        "INSERT INTO t VALUES (4, 'tie', {}), (5, 'later', {}); UPDATE t SET x = 'C' WHERE id = 3;
         UPDATE t SET x = 'late', \"updatedAt\" = {} WHERE id = 1",
        at(20),
        at(40),
        at(15)
    ));
    assert_eq!(rows(&world, modes).await, 3);
    assert_eq!(world.target("SELECT string_agg(x, ' ' ORDER BY id) FROM t"), "a b C tie later");
    // With a lag it is seen.
    let lag = modes.replace("\"cursor\"", "\"lag\":\"30 minutes\",\"cursor\"");
    assert_eq!(rows(&world, &lag).await, 1);
    assert_same(&world, "SELECT * FROM t ORDER BY 1");
    // A cursor may be a number; a lag needs a time.
    let number = r#"{"t":{"mode":"upsert","cursor":"n"}}"#;
    world.source("UPDATE t SET n = id");
    assert_eq!(rows(&world, number).await, 5);
    world.source(
        "UPDATE t SET x = 'unseen' WHERE id = 1; UPDATE t SET x = 'seen', n = 6 WHERE id = 2",
    );
    assert_eq!(rows(&world, number).await, 1);
    let lag = r#"{"t":{"mode":"upsert","cursor":"n","lag":"1 day"}}"#;
    let error = run(&world, lag).await.unwrap_err().to_string();
    assert!(
        error.contains("t: a lag needs a cursor of type date or timestamp; \"n\" is integer"),
        "{error}"
    );
}

#[tokio::test]
async fn rules_that_do_not_fit_their_table_are_named() {
    let tables = "
        CREATE TABLE no_key (a int); CREATE TABLE no_index (id int NOT NULL); CREATE TABLE nulls (id int UNIQUE);
        CREATE TABLE half (id int NOT NULL, x bool); CREATE UNIQUE INDEX ON half (id) WHERE x;
        CREATE TABLE wide (id int NOT NULL, x int NOT NULL, UNIQUE (id, x));
        CREATE TABLE later (id int NOT NULL UNIQUE DEFERRABLE); CREATE TABLE good (id int PRIMARY KEY);
        INSERT INTO good VALUES (1);";
    let world = World::new(tables);
    world.target(tables);
    world.source("INSERT INTO good VALUES (2)");
    let modes = r#"{"no_key":{"mode":"upsert"},"no_index":{"mode":"upsert","key":"id"},
        "nulls":{"mode":"upsert","key":"id"},"half":{"mode":"upsert","key":"id"},
        "wide":{"mode":"upsert","key":"id"},"later":{"mode":"upsert","key":"id"},
        "good":{"mode":"upsert","cursor":"nowhere"}}"#;
    let error = run(&world, modes).await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)));
    let text = error.to_string();
    for wanted in [
        "no_key: the target's table has no primary key",
        "no_index: the target has no unique index over exactly the key (\"id\")",
        "nulls: column \"id\" of the key may be null on the target",
        "half: the target has no unique index",
        "wide: the target has no unique index",
        "later: the target has no unique index",
        "good: it has no column \"nowhere\" (cursor)",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert_eq!(world.target("SELECT count(*) FROM good"), "1");
    let checks = incremental(&world, modes).check().await;
    assert_eq!(checks.iter().filter(|check| check.outcome.is_err()).count(), 7, "{checks:?}");
    // Two columns in another order than the index has them.
    let modes = r#"{"wide":{"mode":"upsert","key":["x","id"]}}"#;
    world.source("INSERT INTO wide VALUES (1, 1)");
    assert_eq!(rows(&world, modes).await, 1);
}

const WAIT: &str = "
    CREATE FUNCTION wait() RETURNS bool LANGUAGE plpgsql AS
      $$BEGIN PERFORM pg_advisory_xact_lock(4); RETURN true; END$$;";

/// By a constraint, for triggers do not fire.
fn wait_in(table: &str) -> String {
    format!("ALTER TABLE {table} ADD CONSTRAINT w CHECK (wait())")
}

/// A session of the target that makes the constraints wait.
async fn hold(world: &World) -> tokio_postgres::Client {
    let url = world.server.superuser_url("target");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SELECT pg_advisory_lock(4)").await.unwrap();
    client
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'pg-replicate incremental' AND wait_event = 'advisory'";

async fn waiting(world: &World, count: &str) -> bool {
    wait_for_async(LIMIT, async || world.server.psql("postgres", WAITING).unwrap() == count).await
}

#[tokio::test]
async fn tables_in_parallel_see_one_snapshot_and_wait_for_those_they_refer_to() {
    let tables = "
        CREATE TABLE z_parent (id int PRIMARY KEY);
        CREATE TABLE a_child (id int PRIMARY KEY, parent int REFERENCES z_parent);
        CREATE TABLE b_other (id int PRIMARY KEY); CREATE TABLE c_last (id int PRIMARY KEY);
        INSERT INTO z_parent VALUES (1); INSERT INTO a_child VALUES (1, 1);
        INSERT INTO b_other VALUES (1); INSERT INTO c_last VALUES (1);";
    let world = World::new(tables);
    world.target(tables);
    world.target(WAIT);
    world.target(&wait_in("z_parent"));
    world.target(&wait_in("b_other"));
    world.source(
        "INSERT INTO z_parent VALUES (2); INSERT INTO a_child VALUES (2, 2);
         INSERT INTO b_other VALUES (2); INSERT INTO c_last VALUES (2);",
    );
    let modes = r#"{"z_parent":"incremental","a_child":"incremental","b_other":"incremental","c_last":"incremental"}"#;
    let holder = hold(&world).await;
    let copy = incremental(&world, modes);
    let (recorder, context) = Recorder::context();
    let work = tokio::spawn(async move { copy.run(&context).await });
    // Two at a time: both wait, the others have not begun.
    assert!(waiting(&world, "2").await);
    assert_eq!(world.sessions("pg-replicate incremental"), 6);
    world.source("INSERT INTO c_last VALUES (3); INSERT INTO a_child VALUES (3, 1)");
    holder.batch_execute("SELECT pg_advisory_unlock(4)").await.unwrap();
    let summary = work.await.unwrap().unwrap();
    assert_eq!((summary.phases[0].rows, summary.phases[0].objects), (4, 4));
    assert_eq!(world.target("SELECT max(id) FROM c_last"), "2", "after the snapshot");
    assert_eq!(world.target("SELECT max(id) FROM a_child"), "2");
    let progress = recorder.all();
    assert!(progress.windows(2).all(|pair| pair[0].percent <= pair[1].percent));
    let last = progress.last().unwrap();
    assert_eq!((last.percent, last.rows), (100.0, 4));
}

#[tokio::test]
async fn a_run_that_is_cut_leaves_tables_whole_and_the_next_one_ends_the_work() {
    let tables = "CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int PRIMARY KEY, x int);
        CREATE TABLE c (id int PRIMARY KEY, x int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);
        INSERT INTO c VALUES (1);";
    let world = World::new(tables);
    world.target(tables);
    world.target(WAIT);
    world.target(&wait_in("b"));
    for table in ["a", "b", "c"] {
        world.source(&format!(
            "INSERT INTO {table} SELECT n, n FROM generate_series(2, 50) n; UPDATE {table} SET x = -1 WHERE id = 1"
        ));
    }
    let modes = r#"{"a":{"mode":"upsert"},"b":{"mode":"upsert"},"c":{"mode":"upsert"}}"#;
    let _holder = hold(&world).await;
    let (copy, context) = (incremental(&world, modes), Context::quiet());
    let cancel = context.cancel.clone();
    let work = tokio::spawn(async move { copy.run(&context).await });
    assert!(waiting(&world, "1").await);
    let whole = || world.target("SELECT count(*) FROM a") + &world.target("SELECT count(*) FROM c");
    assert!(wait_for_async(LIMIT, async || whole() == "5050").await);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    assert_eq!(world.target("SELECT count(*), sum(x) FROM b"), "1|");
    world.target("ALTER TABLE b DROP CONSTRAINT w");
    assert_eq!(rows(&world, modes).await, 50);
    for table in ["a", "b", "c"] {
        assert_same(&world, &format!("SELECT * FROM {table} ORDER BY id"));
    }
}

#[tokio::test]
async fn the_first_failure_ends_the_other_tables() {
    let tables = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
        INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);";
    let world = World::new(tables);
    world.target(tables);
    world.target(WAIT);
    world.target(&wait_in("a"));
    world.target("ALTER TABLE b ADD CONSTRAINT small CHECK (id < 2)");
    world.source("INSERT INTO a VALUES (2); INSERT INTO b VALUES (2)");
    let _holder = hold(&world).await;
    let error = run(&world, r#"{"a":"incremental","b":"incremental"}"#).await.unwrap_err();
    assert!(error.to_string().contains("write b on the target"), "{error}");
    assert!(error.to_string().contains("\"small\""), "{error}");
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    assert_eq!(world.target("SELECT max(id) FROM a"), "1");
}

#[tokio::test]
async fn a_pool_says_why_it_has_no_connection() {
    let tables = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);";
    let world = World::new(tables);
    world.target(tables);
    // One is for planning: none is left for the table.
    world.server.psql("postgres", "ALTER ROLE target_user CONNECTION LIMIT 1").unwrap();
    let error = run(&world, r#"{"a":"incremental"}"#).await.unwrap_err();
    for words in ["open connection 2 of the 2", "too many connections for role"] {
        assert!(error.to_string().contains(words), "{error}");
    }
}
