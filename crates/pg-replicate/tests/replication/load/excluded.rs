//! Excluded tables keep their rows.

use pg_replicate::Error;

use crate::load::common::{application, excluding, file, run, scripts, state};

fn migrations(world: &crate::support::World) -> String {
    world.target("SELECT oid, relfilenode FROM pg_class WHERE relname LIKE 'migrations%' ORDER BY 1; SELECT * FROM migrations ORDER BY 1; SELECT * FROM migrations_id_seq")
}

#[tokio::test]
async fn whatever_the_sources_hold_for_them() {
    let world = application();
    let before = world
        .target("SELECT * FROM migrations; SELECT last_value, is_called FROM migrations_id_seq");
    let path = file(
        &world,
        "all.sql",
        "TRUNCATE migrations, message RESTART IDENTITY CASCADE; TRUNCATE migrations;
         COPY public.migrations (id, name) FROM stdin;\n7\tother\n\\.
         COPY message (id, body) FROM stdin;\n7\tnew\n\\.
         INSERT INTO migrations VALUES (8, 'x'); DELETE FROM migrations; UPDATE migrations SET name = '';
         SELECT pg_catalog.setval('public.migrations_id_seq', 99, true);",
    );
    let mut load = excluding(scripts(&world, &[&path]), &["migrations"]);
    load.allows_new_columns = true;
    run(&load).await.unwrap();
    let after = world
        .target("SELECT * FROM migrations; SELECT last_value, is_called FROM migrations_id_seq");
    assert_eq!(after, before);
    assert_eq!(world.target("SELECT id, body FROM message"), "7|new");
    assert!(!migrations(&world).is_empty());
}

#[tokio::test]
async fn what_changes_them_by_the_back_door_is_undone() {
    let world = application();
    let before = state(&world);
    for statement in
        ["DO $$ BEGIN DELETE FROM migrations; END $$", "DO $$ BEGIN TRUNCATE migrations; END $$"]
    {
        let path = file(
            &world,
            "a.sql",
            format!("{statement}; INSERT INTO message (body) VALUES ('new')"),
        );
        let load = excluding(scripts(&world, &[&path]), &["migrations"]);
        let error = run(&load).await.unwrap_err();
        assert!(error.to_string().contains("migrations"), "{error}");
        assert_eq!(state(&world), before);
    }
}

#[tokio::test]
async fn a_cascade_must_not_reach_them() {
    let world = application();
    let before = state(&world);
    for (script, place) in [
        ("INSERT INTO structure (name) VALUES ('new')", "--exclude-table"),
        ("SELECT 1;\nTRUNCATE structure CASCADE", "line 2"),
    ] {
        let path = file(&world, "a.sql", script);
        let error = run(&excluding(scripts(&world, &[&path]), &["user"])).await.unwrap_err();
        assert!(matches!(error, Error::Preflight(_)), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(place) && text.contains("user refers to structure by its foreign key"),
            "{text}"
        );
    }
    let path = file(&world, "a.sql", "INSERT INTO message (body) VALUES ('new')");
    let error = run(&excluding(scripts(&world, &[&path]), &["Migrations"])).await.unwrap_err();
    assert!(error.to_string().contains("the target has no table Migrations"), "{error}");
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn a_partition_of_a_table_that_is_emptied() {
    let world = application();
    world.target(
        "CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
    );
    let path = file(&world, "a.sql", "INSERT INTO p VALUES (1)");
    let error = run(&excluding(scripts(&world, &[&path]), &["p1"])).await.unwrap_err();
    assert!(error.to_string().contains("p1 is a part of a table that is emptied"), "{error}");
    run(&excluding(scripts(&world, &[&path]), &["p"])).await.unwrap_err();
}
