//! Rows committed late, and rows that are gone.

use crate::support::World;
use crate::support::events::Events;
use crate::support::increments::{assert_same, incremental, rows, run};
use pg_replicate::{CopyFormat, Incremental};
use progress::Context;

/// A transaction of the source that is open while others commit.
async fn late(world: &World, sql: &str) -> tokio_postgres::Client {
    let url = world.server.superuser_url("source");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
    client
}

const EVENTS: &str = r#"
    CREATE TABLE events (id serial PRIMARY KEY, "createdAt" timestamptz NOT NULL, x text);
    INSERT INTO events ("createdAt", x) SELECT timestamptz '2026-01-01Z' + n * interval '1 min', n
    FROM generate_series(1, 100) n"#;

#[tokio::test]
async fn a_row_that_is_committed_late_is_caught() {
    for rule in [
        r#"{"mode":"incremental","key":"id","lag":"10 minutes","cursor":"createdAt"}"#,
        // Without a column of time, the keys of both sides are compared.
        r#"{"mode":"incremental","key":"id","lag":"10 minutes"}"#,
    ] {
        let world = World::new(EVENTS);
        world.target(EVENTS);
        world.target("UPDATE events SET x = 'ours' WHERE id = 99");
        let insert = |minute: u32, x: &str| {
            format!(
                "INSERT INTO events (\"createdAt\", x) VALUES (timestamptz '2026-01-01Z' + interval '{minute} min', '{x}')"
            )
        };
        let open = late(&world, &insert(101, "late")).await;
        world.source(&insert(102, "early"));
        let modes = format!("{{\"events\":{rule}}}");
        assert_eq!(rows(&world, &modes).await, 1);
        assert_eq!(world.target("SELECT max(id), count(*) FROM events"), "102|101");
        open.batch_execute("COMMIT").await.unwrap();
        // The plain word does not see it.
        assert_eq!(rows(&world, r#"{"events":"incremental"}"#).await, 0);
        assert_eq!(rows(&world, &modes).await, 1, "{rule}");
        assert_eq!(world.target("SELECT x FROM events WHERE id = 101"), "late");
        // What was there is left as it was.
        assert_eq!(world.target("SELECT x FROM events WHERE id = 99"), "ours");
        assert_eq!(rows(&world, &modes).await, 0);
    }
}

#[tokio::test]
async fn a_key_that_is_a_time_needs_no_cursor() {
    let tables =
        "CREATE TABLE t (at date PRIMARY KEY); INSERT INTO t VALUES ('2026-01-01'), ('2026-01-10')";
    let world = World::new(tables);
    world.target(tables);
    world.source("INSERT INTO t VALUES ('2026-01-08'), ('2026-01-05'), ('2026-01-11')");
    let modes = r#"{"t":{"mode":"incremental","key":"at","lag":"2 days"}}"#;
    assert_eq!(rows(&world, modes).await, 2);
    assert_eq!(world.target("SELECT count(*) FROM t WHERE at = '2026-01-05'"), "0");
}

#[tokio::test]
async fn gaps_are_filled_in_whatever_range_they_are() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, x text)";
    let world = World::new(table);
    world.target(table);
    world.source("INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 35000) n");
    world.target(
        "INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 34000) n
         WHERE n NOT IN (1, 10000, 10001, 29999, 33999)",
    );
    // The source may have lost what the target keeps.
    world.source("DELETE FROM t WHERE id BETWEEN 12000 AND 15000");
    let modes = r#"{"t":{"mode":"incremental","lag":"1 min"}}"#;
    assert_eq!(rows(&world, modes).await, 1005);
    assert_eq!(world.target("SELECT count(*), sum(id) FROM t"), "35000|612517500");
}

#[tokio::test]
async fn deleted_rows_go_whatever_the_key() {
    let tables = r#"
        CREATE TABLE n (id bigint PRIMARY KEY, x int);
        CREATE TABLE "odd ""t" ("a ""b" text NOT NULL, u uuid NOT NULL, x int, PRIMARY KEY (u, "a ""b"));
        CREATE TABLE s (id text PRIMARY KEY, email text UNIQUE); CREATE TABLE gone (id int PRIMARY KEY);"#;
    let world = World::new(tables);
    world.target(tables);
    let fill = r#"
        INSERT INTO n SELECT n, n FROM generate_series(1, 31000) n;
        INSERT INTO "odd ""t" SELECT 'é' || n % 7, md5((n / 7)::text)::uuid, n FROM generate_series(1, 12000) n;
        INSERT INTO s VALUES ('a', '1'), ('B', '2'), ('é', '3'); INSERT INTO gone VALUES (1), (2);"#;
    world.source(fill);
    world.target(fill);
    world.source(
        r#"DELETE FROM n WHERE id IN (1, 10000, 10001) OR id BETWEEN 19000 AND 22000 OR id > 30990;
           UPDATE n SET x = -1 WHERE id = 5; INSERT INTO n VALUES (0, 0), (40000, 1);
           DELETE FROM "odd ""t" WHERE x % 1000 = 3; DELETE FROM gone;
           -- An address that another row has now.
           DELETE FROM s WHERE id = 'B'; INSERT INTO s VALUES ('c', '2');"#,
    );
    world.target("INSERT INTO n SELECT n, n FROM generate_series(50001, 75000) n");
    let rule = r#"{"mode":"upsert","deletes":true}"#;
    let modes =
        format!("{{\"n\":{rule},\"\\\"odd \\\"\\\"t\\\"\":{rule},\"s\":{rule},\"gone\":{rule}}}");
    assert_eq!(rows(&world, &modes).await, 4);
    for table in ["n", r#""odd ""t""#, "s", "gone"] {
        assert_same(
            &world,
            &format!(
                "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text COLLATE \"C\")) FROM {table} t"
            ),
        );
    }
    assert_eq!(rows(&world, &modes).await, 0);
}

#[tokio::test]
async fn deletions_and_foreign_keys() {
    let tables = "
        CREATE TABLE parent (id int PRIMARY KEY, boss int REFERENCES parent);
        CREATE TABLE a_child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent);
        INSERT INTO parent VALUES (1, NULL), (2, 1), (3, 2); INSERT INTO a_child VALUES (1, 1), (2, 2), (3, 3);";
    let world = World::new(tables);
    world.target(tables);
    // A child moves to a new parent, and its old one goes; another goes with its parent.
    world.source(
        "INSERT INTO parent VALUES (4, NULL); UPDATE a_child SET parent = 4 WHERE id = 1;
         DELETE FROM a_child WHERE id IN (2, 3); DELETE FROM parent WHERE id IN (1, 2, 3);
         INSERT INTO a_child VALUES (5, 4)",
    );
    let rule = r#"{"mode":"upsert","deletes":true}"#;
    let modes = format!("{{\"parent\":{rule},\"a_child\":{rule}}}");
    assert_eq!(rows(&world, &modes).await, 3);
    assert_same(&world, "SELECT * FROM parent ORDER BY 1");
    assert_same(&world, "SELECT * FROM a_child ORDER BY 1");
    // What refers to a deleted row and is not copied keeps it, and all is as it was.
    world.target("CREATE TABLE ours (parent int CONSTRAINT held REFERENCES parent); INSERT INTO ours VALUES (4)");
    world.source("DELETE FROM a_child; DELETE FROM parent");
    let error = run(&world, &modes).await.unwrap_err().to_string();
    assert!(error.contains("delete rows of parent") && error.contains("held"), "{error}");
    assert_eq!(world.target("SELECT count(*) FROM a_child"), "2");
}

#[tokio::test]
async fn keys_that_cannot_be_compared_are_named() {
    let tables = "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood PRIMARY KEY); INSERT INTO t VALUES ('a')";
    let world = World::new(tables);
    world.target(tables);
    for rule in
        [r#"{"mode":"upsert","deletes":true}"#, r#"{"mode":"incremental","key":"m","lag":"1 day"}"#]
    {
        let error = run(&world, &format!("{{\"t\":{rule}}}")).await.unwrap_err().to_string();
        assert!(
            error.contains("t: column \"m\" of the key is public.mood, whose order"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn keys_travel_range_by_range_however_many_differ() {
    let table = "CREATE TABLE t (id int PRIMARY KEY)";
    let world = World::new(table);
    world.target(table);
    world.source("INSERT INTO t SELECT 2 * n FROM generate_series(1, 30000) n");
    world.target("INSERT INTO t SELECT n FROM generate_series(1, 60000) n");
    let modes = r#"{"t":{"mode":"upsert","cursor":"id","deletes":true}}"#;
    let (events, _guard) = Events::capture();
    let copy = Incremental { format: CopyFormat::Text, ..incremental(&world, modes) };
    copy.run(&Context::quiet()).await.unwrap();
    assert_same(&world, "SELECT count(*), sum(id) FROM t");
    // Of the 175 000 bytes that all keys are, no more than those of 10 000 keys at a time.
    let events = events.all();
    let copies = events.iter().filter(|event| event.message == "Copied rows of t");
    let bytes = |fields: &str| fields.rsplit_once("bytes=")?.1.parse::<u64>().ok();
    let most = copies.map(|event| bytes(&event.fields).unwrap()).max().unwrap();
    assert!((50_000..=60_000).contains(&most), "{most}");
}

#[tokio::test]
async fn many_keys_in_the_order_of_their_bytes() {
    let table = "CREATE TABLE t (id text PRIMARY KEY)";
    let world = World::new(table);
    world.target(table);
    let fill = "INSERT INTO t SELECT md5(n::text) FROM generate_series(1, 25000) n";
    world.source(fill);
    world.target(fill);
    world.source("DELETE FROM t WHERE id COLLATE \"C\" LIKE 'a%'; INSERT INTO t VALUES ('É'), ('z'), ('Z'), ('')");
    assert_eq!(rows(&world, r#"{"t":{"mode":"upsert","deletes":true}}"#).await, 4);
    assert_same(
        &world,
        "SELECT count(*), md5(string_agg(id, ',' ORDER BY id COLLATE \"C\")) FROM t",
    );
}
