//! A standby is a source, but for its unlogged tables.

use pg_replicate::database_snapshot::{DatabaseSnapshot, DumpFormat};
use pg_replicate::load::{ExportData, LoadData, LoadSource};
use pg_replicate::verify::{self, Outcome, Verify};
use pg_replicate::{CopyFormat, Incremental, SchemaChanges, fixtures};
use progress::Context;
use tempfile::TempDir;
use test_servers::{PostgresOptions, PostgresServer};

use crate::support::events::Events;
use crate::support::{SECRET, World, mode, url};

const TABLES: &str = "SET ROLE producer;
    CREATE TABLE app_logged (id int PRIMARY KEY); INSERT INTO app_logged VALUES (1), (2);
    CREATE UNLOGGED TABLE app_fast (id int PRIMARY KEY); INSERT INTO app_fast VALUES (1);";

/// A server that replays its own log and waits for more.
fn standby(directory: &TempDir) -> PostgresServer {
    let place = directory.path().join("standby");
    let options = PostgresOptions { directory: Some(place.clone()), ..Default::default() };
    let mut server = PostgresServer::start_with(options).unwrap();
    for role in ["producer", "source_user"] {
        server.create_role(role, &SECRET.replace('\'', "''")).unwrap();
    }
    server.create_database("source", "producer").unwrap();
    server.psql("source", "GRANT pg_read_all_data TO source_user").unwrap();
    server.psql("source", TABLES).unwrap();
    server.psql("source", "CHECKPOINT").unwrap();
    server.kill();
    std::fs::write(place.join("data/standby.signal"), "").unwrap();
    server.start_again().unwrap();
    assert_eq!(server.psql("source", "SELECT pg_is_in_recovery()").unwrap(), "t");
    server
}

#[tokio::test]
async fn unlogged_tables_are_named_and_the_others_are_copied() {
    let world = World::new("");
    let directory = TempDir::new().unwrap();
    // The server's own user has to reach it.
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let server = standby(&directory);
    let source = url(server.port(), "source_user", "source");
    let context = Context::quiet();
    let mut copy = world.copy("{}");
    copy.source = source.clone();
    let warnings: Vec<String> = copy
        .check_live(2)
        .await
        .into_iter()
        .filter(|check| check.is_warning)
        .filter_map(|check| check.outcome.ok())
        .collect();
    assert!(
        warnings.iter().any(|text| text.contains("standby") && text.contains("app_fast")),
        "{warnings:?}"
    );

    let (events, _guard) = Events::capture();
    world.live(&copy).await.unwrap();
    let told = |events: &Events| {
        let is = |event: &crate::support::events::Event| {
            event.message.contains("the rows of app_fast are left out")
        };
        events.all().iter().any(is)
    };
    assert!(told(&events));
    let counts = "SELECT (SELECT count(*) FROM app_logged), (SELECT count(*) FROM app_fast)";
    assert_eq!(world.target(counts), "2|0");
    world.run(&copy).await.unwrap();
    assert_eq!(world.target(counts), "2|0");

    let target = copy.target.clone();
    let report = verify::compare(&source, &target, &mode("{}"), Verify::Checksums, 1, &context)
        .await
        .unwrap();
    let outcomes: Vec<(&str, Outcome)> =
        report.tables.iter().map(|table| (table.table.as_str(), table.outcome)).collect();
    assert_eq!(outcomes, [("app_fast", Outcome::Unlogged), ("app_logged", Outcome::Equal)]);
    assert!(report.is_equal());

    let incremental = Incremental {
        source: source.clone(),
        target: target.clone(),
        mode: mode(r#"{"app_fast":{"mode":"upsert","deletes":true}}"#),
        format: CopyFormat::Text,
        jobs: 1,
        schema_changes: SchemaChanges::Fail,
    };
    world.target("INSERT INTO app_fast VALUES (7)");
    let error = incremental.run(&context).await.unwrap_err().to_string();
    assert!(error.contains("app_fast: it is unlogged, and the source is a standby"), "{error}");
    let mut load = LoadData {
        sources: vec![LoadSource::Database(source.clone())],
        target,
        excluded: Vec::new(),
        truncates: true,
        allows_new_columns: false,
    };
    let error = load.run(&context).await.unwrap_err().to_string();
    assert!(error.contains("app_fast: it is unlogged, and the source is a standby"), "{error}");
    assert_eq!(world.target(counts), "2|1", "nothing was deleted");
    load.excluded.push(pg_replicate::load::parse_table("app_fast").unwrap());
    load.run(&context).await.unwrap();

    let export = ExportData { source: source.clone(), excluded: Vec::new(), truncates: false };
    export.run(&world.dump(), &context).await.unwrap();
    let moment = DatabaseSnapshot::open(&source, &context).await.unwrap();
    let fixtures_of = TempDir::new().unwrap();
    let written = fixtures::write(
        &source,
        |_| true,
        |_, _| None,
        Some(moment.snapshot()),
        fixtures_of.path(),
        &context,
    )
    .await
    .unwrap();
    assert_eq!(written.left_out.len(), 1, "{written:?}");
    moment.dump(DumpFormat::Custom, &world.dump(), (0.0, 100.0), &context).await.unwrap();
}
