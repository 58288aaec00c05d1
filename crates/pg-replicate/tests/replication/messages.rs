//! The log lines that operators and their tools know, to the letter.

use crate::support::events::Events;
use crate::support::{World, mode};
use pg_replicate::{CopyFormat, Incremental, SchemaChanges, enrichment};
use progress::Context;

#[tokio::test]
async fn a_night() {
    let world = World::new(
        "CREATE TABLE answers (id serial PRIMARY KEY, \"challengeId\" text);
         CREATE TABLE users (\"createdAt\" timestamptz);
         CREATE TABLE \"organization-learners\" (id int);
         INSERT INTO answers (\"challengeId\") SELECT 'x' FROM generate_series(1, 12);",
    );
    world.target(
        "CREATE TABLE answers (id serial PRIMARY KEY, \"challengeId\" text);
         INSERT INTO answers (\"challengeId\") SELECT 'x' FROM generate_series(1, 10);",
    );
    let (events, _guard) = Events::capture();
    let modes = r#"{"answers":"incremental"}"#;
    let copy = world.copy(modes);
    world.run(&copy).await.unwrap();
    let context = Context::quiet();
    enrichment::run(&copy.target, enrichment::DEFAULT_SCRIPT, &copy.mode, 1, &context)
        .await
        .unwrap();
    let incremental = |modes: &str| Incremental {
        source: copy.source.clone(),
        target: copy.target.clone(),
        mode: mode(modes),
        format: CopyFormat::Text,
        jobs: 2,
        schema_changes: SchemaChanges::Fail,
    };
    incremental(modes).run(&context).await.unwrap();
    incremental("{}").run(&context).await.unwrap();
    let mut events = events.all();
    events.retain(|event| event.level <= tracing::Level::INFO);
    let (mut items, messages): (Vec<&str>, Vec<&str>) =
        events.iter().map(|event| event.message.as_str()).partition(|text| text.contains(" item "));
    assert_eq!(
        messages,
        [
            "Start create Backup",
            "End create Backup",
            "Start drop Objects AndRestoreBackup",
            "End drop Objects AndRestoreBackup",
            "Start restore Backup",
            "Start restore",
            "Restore done",
            "End restore Backup",
            "Start create view",
            "End create view",
            "Enrich imported data",
            "enrichment.add - Started",
            "UPDATE \"authentication-methods\" - Skipped: table \"authentication-methods\" does not exist",
            "CREATE INDEX \"knowledge-elements_createdAt_idx\" - Skipped: table \"knowledge-elements\" does not exist",
            "CREATE INDEX \"knowledge-element-snapshots_snappedAt_idx\" - Skipped: table \"knowledge-element-snapshots\" does not exist",
            "CREATE INDEX \"answers_challengeId_idx\" - Skipped: table \"answers\" is kept (BACKUP_MODE)",
            "CREATE INDEX \"users_createdAt_idx\" - Started",
            "CREATE INDEX \"users_createdAt_idx\" - Ended",
            "enrichment.add - Ended",
            "Start incremental replication",
            "answers last record index target 10",
            "Start COPY FROM/TO through STDIN/OUT",
            "answers last record index target after replication 12",
            "Total of answers imported 2",
            "Incremental replication done",
            "No incremental tables configured",
        ]
    );
    // What runs in parallel has any number, but the same at its start and at its end.
    items.sort_by_key(|text| {
        text.split_once(" item ").unwrap().1.split_once(' ').map(|(number, name)| (name, number))
    });
    let pairs: Vec<&str> = items
        .chunks(2)
        .map(|pair| {
            let item = pair[1].strip_prefix("finished item ").unwrap();
            assert_eq!(pair[0], format!("launching item {item}"));
            item.split_once(' ').unwrap().1
        })
        .collect();
    assert_eq!(
        pairs,
        [
            "DUMP public.organization-learners",
            "DUMP public.users",
            "ENRICHMENT CREATE INDEX \"users_createdAt_idx\"",
            "ENRICHMENT CREATE VIEW \"schooling-registrations\" AS SELECT * FROM \"orga…",
            "INCREMENTAL public.answers",
            "TABLE DATA public.organization-learners",
            "TABLE DATA public.users",
        ]
    );
    let fields = |message: &str| {
        events
            .iter()
            .find(|event| event.message == message)
            .map(|event| event.fields.as_str())
            .unwrap()
    };
    assert_eq!(
        fields("answers last record index target 10"),
        "table_name=answers last_record_index_before_replication=10"
    );
    assert_eq!(
        fields("answers last record index target after replication 12"),
        "table_name=answers last_record_index_before_replication=10 last_record_index_after_replication=12"
    );
    assert_eq!(
        fields("Total of answers imported 2"),
        "table_name=answers total_records_replicated=2"
    );
}
