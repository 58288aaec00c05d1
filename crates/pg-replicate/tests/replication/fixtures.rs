//! Rows as Django's `loaddata` takes them.
//!
//! What is expected here was loaded by hand, with Django 5.2, into PostgreSQL and SQLite.

use std::path::Path;

use crate::support::World;
use pg_replicate::fixtures::{self, Written};
use pg_replicate::{Error, TableName};
use progress::Context;
use serde_json::{Value, json};
use tempfile::TempDir;

const DJANGO: &str = include_str!("../sql/django.sql");

/// Every field by the name of its column.
fn as_it_is(_: &TableName, _: &str) -> Option<String> {
    None
}

async fn write(world: &World, snapshot: Option<&str>, to: &Path) -> Result<Written, Error> {
    let url = world.url("source_user", "source");
    fixtures::write(&url, |_| true, as_it_is, snapshot, to, &Context::quiet()).await
}

fn read(directory: &TempDir, name: &str) -> Value {
    let text = std::fs::read_to_string(directory.path().join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn values_stand_as_django_writes_them() {
    let (world, directory) = (World::new(DJANGO), TempDir::new().unwrap());
    let written = write(&world, None, directory.path()).await.unwrap();

    let entries = read(&directory, "flight_log_entry.json");
    let entries = entries.as_array().unwrap();
    let keys: Vec<&Value> = entries.iter().map(|entry| &entry["pk"]).collect();
    let wanted =
        ["a", "b", "c"].map(|end| json!(format!("00000000-0000-0000-0000-00000000000{end}")));
    assert_eq!(keys, wanted.iter().collect::<Vec<_>>(), "in the order of their keys");
    assert!(entries.iter().all(|entry| entry["model"] == "flight_log.entry"));

    let empty = entries[0]["fields"].as_object().unwrap();
    assert!(empty.values().all(Value::is_null), "{empty:?}");
    assert!(!empty.contains_key("twice"), "the other database computes it itself");
    assert_eq!(
        entries[1]["fields"],
        json!({
            "pilot": 2, "plane_id": 9, "o": 1, "t": 9_007_199_254_740_993_i64, "f": 0.1, "yes": true,
            "cost": "12345678901234567890.10",
            "day": "2024-02-29", "at": "12:34:56.123456", "when": "2026-11-21T10:00:00Z",
            "local": "2026-11-21T11:00:00.5", "took": "-3 05:00:00.00004",
            "raw": "AP8=", "more": { "a": [1.50, null] }, "as is": { "b": 2 },
            "ip": "10.1.2.3", "fixed": "x  ", "mood": "glad", "pair": "(1,\"a b\")", "spot": "(1,2)",
            "ints": "[1,null]", "exact": "[\"0.10\"]", "texts": "[[\"a\",\"b\"],[\"c d\",null]]",
            "moments": "[\"2026-07-01T00:00:00+00:00\"]",
            "span": "{\"lower\" : \"1\", \"upper\" : \"5\", \"bounds\" : \"[)\"}",
            "period": "{\"lower\" : \"2026-01-01T00:00:00+00:00\", \"upper\" : null, \"bounds\" : \"[)\"}",
        })
    );
    let odd = &entries[2]["fields"];
    let wanted =
        [("f", "NaN"), ("took", "1 02:00:04"), ("ints", "[]"), ("span", "{\"empty\": true}")];
    for (field, value) in wanted {
        assert_eq!(odd[field], value);
    }

    let file = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    assert_eq!(
        file("auth_user.json"),
        "[\n{\"model\":\"auth.user\",\"pk\":1,\"fields\":{\"username\":null}},\n\
         {\"model\":\"auth.user\",\"pk\":2,\"fields\":{\"username\":\"a\\\\b \\\"c\\\"\\n\u{20ac}\\u0001\"}}\n]\n"
    );
    assert_eq!(
        file("auth_user_groups.json"),
        "[\n{\"model\":\"auth.user_groups\",\"pk\":7,\"fields\":{\"user\":2,\"group\":1}}\n]\n"
    );
    assert_eq!(
        file("flight_log_bare.json"),
        "[\n{\"model\":\"flight_log.bare\",\"pk\":1,\"fields\":{}},\n\
         {\"model\":\"flight_log.bare\",\"pk\":2,\"fields\":{}}\n]\n"
    );
    assert_eq!(file("flight_log_none.json"), "[]\n");
    assert_eq!(read(&directory, "stats.app_runs.json")[0]["model"], "app.runs");
    assert_eq!(read(&directory, "flight_log_split.json")[0]["pk"], 3);
    assert_eq!(
        read(&directory, "django_content_type.json")[0]["model"],
        "contenttypes.contenttype"
    );

    let entry = written.files.iter().find(|one| one.name == "flight_log_entry.json").unwrap();
    assert_eq!((entry.rows, entry.bytes), (3, file(&entry.name).len() as u64));
    assert_eq!(written.files.len(), std::fs::read_dir(directory.path()).unwrap().count());
    let left_out: Vec<String> =
        written.left_out.iter().map(|one| format!("{}: {}", one.table, one.reason)).collect();
    let key = "it has no single-column primary key, which Django's models require";
    assert_eq!(
        left_out,
        [
            format!("app_keyless: {key}"),
            format!("app_two_keys: {key}"),
            "django_migrations: it is Django's own list of migrations, and no model".into(),
            "people: its name is not app_model, as Django names the tables of its models".into(),
        ]
    );
}

#[tokio::test]
async fn they_are_of_the_snapshot_and_of_the_wanted_tables() {
    let (world, directory) = (World::new(DJANGO), TempDir::new().unwrap());
    let url = world.url("source_user", "source");
    let holder = pg_replicate::connect(&url).await.unwrap();
    holder.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let snapshot: String =
        holder.query_one("SELECT pg_export_snapshot()", &[]).await.unwrap().get(0);
    world.source("INSERT INTO auth_group VALUES (2, 'late')");
    let wanted = |table: &TableName| table.name == "auth_group";
    let context = Context::quiet();
    let written =
        fixtures::write(&url, wanted, as_it_is, Some(&snapshot), directory.path(), &context)
            .await
            .unwrap();
    assert_eq!(
        written.files.iter().map(|file| (file.name.as_str(), file.rows)).collect::<Vec<_>>(),
        [("auth_group.json", 1)]
    );
    assert!(written.left_out.is_empty());
}

// The session of the first run must end while this thread waits for psql.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rows_of_children_are_theirs_and_hidden_ones_are_refused_by_name() {
    let (world, directory) = (World::new(DJANGO), TempDir::new().unwrap());
    world.source(
        "CREATE TABLE app_parent (id int PRIMARY KEY); INSERT INTO app_parent VALUES (1);
         CREATE TABLE app_child (PRIMARY KEY (id)) INHERITS (app_parent); INSERT INTO app_child VALUES (2);
         CREATE TABLE app_split (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE app_split_1 PARTITION OF app_split FOR VALUES FROM (0) TO (10);
         INSERT INTO app_split VALUES (3);",
    );
    let wanted =
        |table: &TableName| ["app_parent", "app_child", "app_split"].contains(&table.name.as_str());
    let (context, url) = (Context::quiet(), world.url("source_user", "source"));
    let written = fixtures::write(&url, wanted, as_it_is, None, directory.path(), &context);
    assert_eq!(
        written
            .await
            .unwrap()
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.rows))
            .collect::<Vec<_>>(),
        [("app_child.json", 1), ("app_parent.json", 1), ("app_split.json", 1)]
    );
    assert_eq!(read(&directory, "app_parent.json")[0]["pk"], 1);

    world.source(
        "ALTER TABLE app_child ENABLE ROW LEVEL SECURITY; ALTER TABLE app_split ENABLE ROW LEVEL SECURITY;
         CREATE TABLE app_other (id int PRIMARY KEY); ALTER TABLE app_other ENABLE ROW LEVEL SECURITY",
    );
    world.server.psql("postgres", "ALTER ROLE source_user NOBYPASSRLS").unwrap();
    let empty = TempDir::new().unwrap();
    let written = fixtures::write(&url, wanted, as_it_is, None, empty.path(), &context);
    let error = written.await.unwrap_err().to_string();
    let expected =
        "row security may hide rows of the source's table app_child, app_split from the role";
    assert!(error.contains(expected), "{error}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_and_a_file_that_is_there_are_named() {
    let (world, directory) = (World::new(DJANGO), TempDir::new().unwrap());
    let wanted = |table: &TableName| table.name == "auth_group";
    let context = Context::quiet();
    let stranger = world.url("target_user", "source");
    let error = fixtures::write(&stranger, wanted, as_it_is, None, directory.path(), &context)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("read the rows of auth_group: permission denied"),
        "{error}"
    );

    let error = write(&world, None, directory.path()).await.unwrap_err();
    assert!(error.to_string().contains("auth_group.json: File exists"), "{error}");
    context.cancel.cancel();
    let url = world.url("source_user", "source");
    let error = fixtures::write(&url, wanted, as_it_is, None, directory.path(), &context)
        .await
        .unwrap_err();
    assert!(error.is_cancelled(), "{error}");
}
