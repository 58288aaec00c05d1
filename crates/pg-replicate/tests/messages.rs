//! The log lines that operators and their tools know, to the letter.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a test may panic")]

mod support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use pg_replicate::{Context, CopyFormat, Incremental, SchemaChanges, enrichment};
use support::{World, mode};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};

/// Message, and the other fields as `name=value`.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(String, String)>>>);

#[derive(Default)]
struct Line(String, String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        } else {
            let _ = write!(self.1, "{}={value:?} ", field.name());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.1, "{}={value} ", field.name());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target().starts_with("pg_replicate")
            && *event.metadata().level() <= tracing::Level::INFO
        {
            let mut line = Line::default();
            event.record(&mut line);
            self.0.lock().unwrap().push((line.0, line.1.trim().to_owned()));
        }
    }
}

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
    let lines = Lines::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    let modes = r#"{"answers":"incremental"}"#;
    let copy = world.copy(modes);
    world.run(&copy).await.unwrap();
    let context = Context::quiet();
    enrichment::run(&copy.target, enrichment::DEFAULT_SCRIPT, &copy.mode, &context).await.unwrap();
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
    let lines = lines.0.lock().unwrap().clone();
    let messages: Vec<&str> = lines.iter().map(|(message, _)| message.as_str()).collect();
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
    let fields = |message: &str| {
        lines.iter().find(|(its, _)| its == message).map(|(_, fields)| fields.clone()).unwrap()
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
