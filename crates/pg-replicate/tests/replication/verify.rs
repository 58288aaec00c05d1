//! Every difference between two databases is found and named, and nothing else is.

use std::time::Duration;

use crate::support::{EVERY_OBJECT, Recorder, World, mode};
use pg_replicate::verify::{self, Outcome, VerifyReport};
use pg_replicate::{Error, Verify};
use progress::{Context, Summary};
use test_servers::wait_for_async;

async fn run(world: &World, modes: &str, verify: Verify) -> Result<Summary, Error> {
    run_in(world, modes, verify, None).await
}

async fn run_in(
    world: &World,
    modes: &str,
    verify: Verify,
    snapshot: Option<&str>,
) -> Result<Summary, Error> {
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    verify::run(&source, &target, &mode(modes), verify, 2, snapshot, &Context::quiet()).await
}

async fn compare(world: &World, verify: Verify) -> VerifyReport {
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    verify::compare(&source, &target, &mode("{}"), verify, 2, &Context::quiet()).await.unwrap()
}

/// What differs, without the hashes.
fn differences(error: &Error) -> Vec<String> {
    let Error::Verification(report) = error else { panic!("{error}") };
    let name = |table: &verify::TableReport| {
        let rows = table.target.map(|target| target.rows);
        format!("{} {:?} {} {rows:?}", table.table, table.outcome, table.source.rows)
    };
    report.differing().map(name).collect()
}

#[tokio::test]
async fn a_copy_is_equal() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy("{}")).await.unwrap();
    for how in [Verify::Counts, Verify::Checksums] {
        let summary = run(&world, "{}", how).await.unwrap();
        let [phase] = summary.phases.as_slice() else { panic!("{summary:?}") };
        assert_eq!(phase.name, "verification");
        assert!(phase.objects > 20 && phase.rows > 2_600, "{phase:?}");
        assert_eq!(summary.slowest.len(), 10);
    }
    assert_eq!(run(&world, "{}", Verify::None).await.unwrap(), Summary::default());
    // What only the target has is no difference.
    world.target("CREATE TABLE more (id int); ALTER TABLE my_answers ADD more int DEFAULT 7");
    run(&world, "{}", Verify::Checksums).await.unwrap();
}

#[tokio::test]
async fn every_kind_of_difference_is_named() {
    let tables = [
        "missing_row",
        "extra_row",
        "changed",
        "null_and_empty",
        "columns_swapped",
        "rows_swapped",
        "duplicate",
        "missing_table",
        "missing_column",
        "equal",
        "Odd \"\"name\"\".é",
    ];
    let mut script = "CREATE SCHEMA stats; CREATE TABLE stats.changed (n int);
        INSERT INTO stats.changed VALUES (1);
        CREATE TABLE parts (id int, a text) PARTITION BY LIST (id);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
        CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
        INSERT INTO parts VALUES (1, 'x'), (2, 'y');"
        .to_owned();
    for table in tables {
        script += &format!(
            "CREATE TABLE \"{table}\" (id int, a text, b text);
             INSERT INTO \"{table}\" VALUES (1, 'x', 'y'), (2, 'v', 'w'), (3, '', NULL), (4, NULL, '');"
        );
    }
    let world = World::new(&script);
    world.run(&world.copy("{}")).await.unwrap();
    run(&world, "{}", Verify::Checksums).await.unwrap();
    world.target(
        "DELETE FROM missing_row WHERE id = 2;
         INSERT INTO extra_row VALUES (5, 'n', 'm');
         UPDATE changed SET a = 'X' WHERE id = 1;
         UPDATE null_and_empty SET b = '' WHERE id = 3;
         UPDATE columns_swapped SET a = b, b = a WHERE id = 1;
         UPDATE rows_swapped SET a = CASE id WHEN 1 THEN 'v' ELSE 'x' END WHERE id < 3;
         DELETE FROM duplicate WHERE id = 1; INSERT INTO duplicate SELECT * FROM duplicate WHERE id = 2;
         DROP TABLE missing_table;
         ALTER TABLE missing_column DROP a, DROP id;
         UPDATE \"Odd \"\"name\"\".é\" SET id = 0 WHERE id = 4;
         UPDATE part_2 SET a = 'z'; UPDATE stats.changed SET n = 2",
    );
    let error = run(&world, "{}", Verify::Checksums).await.unwrap_err();
    assert_eq!(
        differences(&error),
        [
            "Odd \"name\".é Different 4 Some(4)",
            "changed Different 4 Some(4)",
            "columns_swapped Different 4 Some(4)",
            "duplicate Different 4 Some(4)",
            "extra_row Different 4 Some(5)",
            "missing_column MissingColumns 4 Some(4)",
            "missing_row Different 4 Some(3)",
            "missing_table MissingTable 4 None",
            "null_and_empty Different 4 Some(4)",
            "part_2 Different 1 Some(1)",
            "rows_swapped Different 4 Some(4)",
            "stats.changed Different 1 Some(1)",
        ]
    );
    let text = error.to_string();
    assert!(text.starts_with("12 of 14 tables differ: Odd \"name\".é: 4 rows ("), "{text}");
    assert!(
        text.contains(") on the source, no such table on the target; null_and_empty: "),
        "{text}"
    );
    assert!(text.contains(" without \"a\", \"id\" on the target; "), "{text}");
    assert!(text.contains(") on the source, 1 row ("), "{text}");
    // Counting sees less.
    let error = run(&world, "{}", Verify::Counts).await.unwrap_err();
    assert_eq!(
        differences(&error),
        [
            "extra_row Different 4 Some(5)",
            "missing_column MissingColumns 4 Some(4)",
            "missing_row Different 4 Some(3)",
            "missing_table MissingTable 4 None",
        ]
    );
    assert!(
        error.to_string().contains("extra_row: 4 rows on the source, 5 rows on the target; "),
        "{error}"
    );
    let report = compare(&world, Verify::Checksums).await;
    assert_eq!((report.tables.len(), report.differing().count()), (14, 12));
    let outcome = |name: &str| report.tables.iter().find(|one| one.table == name).unwrap().outcome;
    assert_eq!((outcome("equal"), outcome("part_1")), (Outcome::Equal, Outcome::Equal));
    let json = serde_json::to_value(&report).unwrap();
    let json = json["tables"].as_array().unwrap();
    let missing = json.iter().find(|table| table["table"] == "missing_table").unwrap();
    assert_eq!(missing["outcome"], "missing_table");
    assert_eq!(missing["target"], serde_json::Value::Null);
    assert_eq!(missing["source"]["hash"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn tables_that_the_copy_leaves_alone_are_not_looked_at() {
    let world = World::new(
        "CREATE TABLE a (id int); CREATE TABLE kept (id int); INSERT INTO kept VALUES (1);
         CREATE TABLE parts (id int) PARTITION BY LIST (id);
         CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1); INSERT INTO parts VALUES (1);",
    );
    world.target("CREATE TABLE a (id int)");
    let modes = r#"{"kept": "none", "parts": "incremental"}"#;
    let summary = run(&world, modes, Verify::Checksums).await.unwrap();
    assert_eq!((summary.phases[0].objects, summary.phases[0].rows), (1, 0));
    let error = run(&world, "{}", Verify::Checksums).await.unwrap_err();
    assert_eq!(differences(&error), ["kept MissingTable 1 None", "part_1 MissingTable 1 None"]);
}

#[tokio::test]
async fn within_a_snapshot_the_source_may_go_on() {
    let world = World::new("CREATE TABLE a (id int); INSERT INTO a VALUES (1);");
    world.target("CREATE TABLE a (id int); INSERT INTO a VALUES (1);");
    let url = world.url("source_user", "source");
    let client = pg_replicate::connect(&url).await.unwrap();
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let snapshot: String =
        client.query_one("SELECT pg_export_snapshot()", &[]).await.unwrap().get(0);
    world.source("INSERT INTO a VALUES (2)");
    run_in(&world, "{}", Verify::Checksums, Some(&snapshot)).await.unwrap();
    let error = run(&world, "{}", Verify::Checksums).await.unwrap_err();
    assert_eq!(differences(&error), ["a Different 2 Some(1)"]);
    drop(client);
    let error = run_in(&world, "{}", Verify::Checksums, Some("no such")).await.unwrap_err();
    assert!(error.to_string().contains("invalid snapshot identifier"), "{error}");
}

#[tokio::test]
async fn progress_only_goes_forward() {
    let world = World::new(EVERY_OBJECT);
    world.run(&world.copy("{}")).await.unwrap();
    let (recorder, context) = Recorder::context();
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    verify::run(&source, &target, &mode("{}"), Verify::Checksums, 2, None, &context).await.unwrap();
    let all = recorder.all();
    let percents: Vec<f64> = all.iter().map(|progress| progress.percent).collect();
    assert!(percents.is_sorted(), "{percents:?}");
    assert_eq!((percents.first(), percents.last()), (Some(&86.0), Some(&90.0)));
    assert!(all.iter().all(|progress| progress.phase == "verification"));
}

#[tokio::test]
async fn cancelled_it_leaves_nothing_running() {
    let world = World::new("CREATE TABLE a (id int); CREATE TABLE b (id int);");
    world.run(&world.copy("{}")).await.unwrap();
    let (client, connection) =
        tokio_postgres::connect(&world.server.superuser_url("target"), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE a").await.unwrap();
    let context = Context::quiet();
    let cancel = context.cancel.clone();
    let (source, target) = (world.url("source_user", "source"), world.url("target_user", "target"));
    let work = tokio::spawn(async move {
        let modes = mode("{}");
        verify::run(&source, &target, &modes, Verify::Checksums, 2, None, &context).await
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'pg-replicate verification' AND wait_event_type = 'Lock'";
    let limit = Duration::from_secs(30);
    let is_waiting = async || world.server.psql("postgres", waiting).unwrap() == "1";
    assert!(wait_for_async(limit, is_waiting).await);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    let like = "pg-replicate verification";
    assert!(wait_for_async(limit, async || world.sessions(like) == 0).await);
}

#[tokio::test]
async fn rules_of_the_copy_make_what_is_compared() {
    let script = |users: &str, parts: &str| {
        format!(
            "CREATE TABLE users (email varchar(9), id int, born date);
             INSERT INTO users (id, email, born) VALUES {users};
             CREATE TABLE parts (id int, a text) PARTITION BY LIST (id);
             CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
             INSERT INTO parts VALUES {parts};"
        )
    };
    let world = World::new(&script(
        "(1, 'a@x', '2000-02-03'), (2, 'b@x', NULL), (3, NULL, NULL)",
        "(1, 'z')",
    ));
    world.target(&script("(2, 'user2', NULL), (3, 'user3', NULL)", "(1, 'masked')"));
    let modes = r#"{"users": {"where": "users.id > 1", "columns": {"email": "'user' || id"}},
        "parts": {"columns": {"a": "'masked'"}}}"#;
    run(&world, modes, Verify::Checksums).await.unwrap();
    run(&world, modes, Verify::Counts).await.unwrap();
    world.target("UPDATE users SET email = 'b@x' WHERE id = 2; UPDATE parts SET a = 'z'");
    let error = run(&world, modes, Verify::Checksums).await.unwrap_err();
    assert_eq!(differences(&error), ["part_1 Different 1 Some(1)", "users Different 2 Some(2)"]);
}

#[tokio::test]
async fn rows_that_the_target_hides_from_its_owner_are_no_difference() {
    let world = World::new(
        "CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
    );
    world.run(&world.copy("{}")).await.unwrap();
    world.target("ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
    run(&world, "{}", Verify::Checksums).await.unwrap();
    let report = compare(&world, Verify::Checksums).await;
    let outcomes: Vec<Outcome> = report.tables.iter().map(|table| table.outcome).collect();
    assert_eq!(outcomes, [Outcome::HiddenRows, Outcome::Equal]);
    assert_eq!((report.tables[0].target, report.is_equal()), (None, true));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_an_error() {
    let world = World::new("CREATE TABLE a (id int); CREATE TABLE b (id int);");
    world.run(&world.copy("{}")).await.unwrap();
    world.server.psql("target", "ALTER TABLE b OWNER TO postgres").unwrap();
    let error = run(&world, "{}", Verify::Counts).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error}");
    assert!(error.to_string().contains("read the content of b: permission denied"), "{error}");
}

/// What is found about tables that are kept up to date, by `run verify` and after an incremental copy.
#[tokio::test]
async fn tables_that_are_kept_up_to_date_hold_what_their_modes_promise() {
    let tables = "
        CREATE TABLE p (id int PRIMARY KEY, x text); CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p);
        CREATE TABLE same (id int, x text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE same_1 PARTITION OF same FOR VALUES FROM (0) TO (100);
        CREATE TABLE log (id int PRIMARY KEY, x text); CREATE TABLE ours (id int);
        INSERT INTO p VALUES (1, 'p'); INSERT INTO c VALUES (2, 'c'); INSERT INTO same VALUES (1, 'a');
        INSERT INTO log VALUES (1, 'a');";
    let world = World::new(tables);
    world.target(tables);
    let modes = r#"{"p":{"mode":"upsert"},"c":{"mode":"upsert"},"same":{"mode":"upsert","deletes":true},
        "log":"incremental","ours":"none"}"#;
    let incremental = pg_replicate::Incremental {
        source: world.url("source_user", "source"),
        target: world.url("target_user", "target"),
        mode: mode(modes),
        format: pg_replicate::CopyFormat::Text,
        jobs: 2,
        schema_changes: pg_replicate::SchemaChanges::Fail,
    };
    let found = async || {
        let (source, target, mode) = (&incremental.source, &incremental.target, &incremental.mode);
        let quiet = Context::quiet();
        let report =
            verify::compare(source, target, mode, Verify::Checksums, 2, &quiet).await.unwrap();
        report.tables.iter().map(|one| (one.table.clone(), one.outcome)).collect::<Vec<_>>()
    };
    let outcomes = |p, log, same| {
        [("c", Outcome::Equal), ("log", log), ("p", p), ("same_1", same)]
            .map(|(name, outcome)| (name.to_owned(), outcome))
    };
    use Outcome::{Different, Equal, MayDiffer};
    assert_eq!(found().await, outcomes(Equal, Equal, Equal));
    world.source("UPDATE log SET x = 'b'; INSERT INTO log VALUES (2, 'b'); INSERT INTO same VALUES (2, 'b'); INSERT INTO p VALUES (3, 'p')");
    assert_eq!(found().await, outcomes(Different, MayDiffer, Different));
    let summary = incremental.run_and_verify(Verify::Checksums, &Context::quiet()).await.unwrap();
    let phases: Vec<&str> = summary.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["incremental", "verification"]);
    assert_eq!(found().await, outcomes(Equal, MayDiffer, Equal));
    // What the source has lost stays without deletions. What the target alone has changed is put right.
    world.source("DELETE FROM ONLY p WHERE id = 3");
    world.target("UPDATE same SET x = 'ours'");
    incremental.run_and_verify(Verify::Counts, &Context::quiet()).await.unwrap();
    assert_eq!(found().await, outcomes(MayDiffer, MayDiffer, Equal));
    // A table that says it is the same and is not fails the job: here its filter knows the moment.
    let mut moving = incremental.clone();
    moving.mode =
        mode(r#"{"same":{"mode":"upsert","deletes":true,"columns":{"x":"clock_timestamp()"}}}"#);
    let error = moving.run_and_verify(Verify::Checksums, &Context::quiet()).await.unwrap_err();
    assert_eq!(differences(&error), ["same_1 Different 2 Some(2)"]);
}
