//! What has changed on the source since it was copied, and what of others it touches.

use crate::support::events::Events;
use crate::support::{EVERY_OBJECT, World, mode};
use pg_replicate::drift::{DriftReport, compare};
use progress::Context;
use serde_json::json;
use tracing::Level;

const SOURCE: &str = "
  CREATE SCHEMA shop;
  CREATE TABLE a (id int PRIMARY KEY, name text NOT NULL, size int, note text);
  CREATE TABLE b (id int); CREATE TABLE shop.\"Odd.table\" (\"a b\" int, \"c\"\"d\" int);
  CREATE VIEW named AS SELECT id, name FROM a;
  CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');";

const ANALYST: &str = "CREATE ROLE analyst; CREATE SCHEMA reports AUTHORIZATION analyst;
  GRANT SELECT, REFERENCES ON ALL TABLES IN SCHEMA public, shop TO analyst; GRANT USAGE ON SCHEMA shop TO analyst;";

async fn copied(script: &str) -> World {
    let world = World::new(script);
    world.live(&world.copy_in_place("{}")).await.unwrap();
    world
}

async fn drift(world: &World, rules: &str) -> DriftReport {
    let copy = world.copy(rules);
    compare(&copy.source, &copy.target, &copy.mode, &Context::quiet()).await.unwrap()
}

/// One line for each change, and what needs it.
fn lines(report: &DriftReport) -> Vec<String> {
    report.changes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_was_copied_has_not_changed() {
    let mut report = DriftReport::default();
    for script in [SOURCE, EVERY_OBJECT, include_str!("../sql/odd_tables.sql")] {
        report = drift(&copied(script).await, "{}").await;
        assert!(report.is_empty(), "{report:?}");
    }
    assert_eq!((report.breaks(), report.to_string()), (false, "no changes".into()));
    assert_eq!(serde_json::to_value(&report).unwrap(), json!({"changes": [], "rules": []}));
    let (log, _guard) = Events::capture();
    report.log();
    assert_eq!(log.all().len(), 0);
}

#[tokio::test]
async fn a_target_without_tables_was_never_copied_to() {
    let world = World::new(SOURCE);
    assert!(drift(&world, r#"{"gone": {"where": "true"}}"#).await.is_empty());
    world.server.psql("target", "CREATE TABLE of_another_role (id int)").unwrap();
    assert!(drift(&world, "{}").await.is_empty());
}

#[tokio::test]
async fn tables_and_columns_are_named_with_what_needs_them() {
    let world = copied(SOURCE).await;
    world.server.psql("target", ANALYST).unwrap();
    let theirs = "SET ROLE analyst;
      CREATE VIEW reports.names AS SELECT name FROM a; CREATE VIEW reports.first AS SELECT min(name) FROM reports.names;
      CREATE MATERIALIZED VIEW reports.sizes AS SELECT size FROM a; CREATE VIEW reports.b AS SELECT * FROM b;
      CREATE VIEW reports.untouched AS SELECT id FROM a; CREATE VIEW reports.through_ours AS SELECT name FROM named;
      CREATE VIEW reports.\"Odd view\" AS SELECT \"c\"\"d\" FROM shop.\"Odd.table\";
      CREATE TABLE reports.theirs (id int REFERENCES a);
      CREATE FUNCTION reports.noted() RETURNS text STABLE LANGUAGE sql BEGIN ATOMIC SELECT max(note) FROM a; END";
    world.server.psql("target", theirs).unwrap();
    assert!(drift(&world, "{}").await.is_empty());
    world.source(
        "CREATE TABLE fresh (id int); DROP TABLE b; ALTER TABLE shop.\"Odd.table\" DROP \"c\"\"d\";
         ALTER TABLE shop.\"Odd.table\" ADD \"e.f\" text NOT NULL; ALTER TABLE a ALTER size TYPE bigint;
         ALTER TABLE a DROP note; ALTER TABLE a ADD twice int GENERATED ALWAYS AS (id * 2) STORED;
         CREATE OR REPLACE VIEW named AS SELECT id, name, size FROM a;
         ALTER TABLE parts ADD more int; ALTER TABLE a ALTER name DROP NOT NULL;
         CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');",
    );
    let report = drift(&world, "{}").await;
    assert_eq!(
        lines(&report),
        [
            r#"column "name" of table "a" was text NOT NULL and is now text; needed by view reports.first (of role analyst), view reports.names (of role analyst)"#,
            r#"column "size" of table "a" was integer and is now bigint; needed by materialized view reports.sizes (of role analyst)"#,
            r#"column "twice" of table "a" is new: integer GENERATED"#,
            r#"column "note" of table "a" is gone: it was text; needed by function reports.noted() (of role analyst)"#,
            r#"table "b" is gone; needed by view reports.b (of role analyst)"#,
            r#"table "fresh" is new"#,
            r#"column "size" of table "named" is new: bigint"#,
            r#"column "more" of table "parts" is new: integer"#,
            r#"column "e.f" of table "shop.Odd.table" is new: text NOT NULL"#,
            r#"column "c"d" of table "shop.Odd.table" is gone: it was integer; needed by view reports."Odd view" (of role analyst)"#,
        ]
    );
    assert!(report.breaks());
    assert_eq!(
        report.to_string(),
        "1 new table, 4 new columns, 1 gone table, 2 gone columns, 2 changed columns; 3 objects of other roles break"
    );
    assert_eq!(
        serde_json::to_value(&report.changes[4]).unwrap(),
        json!({"table": "b", "change": "gone", "used_by": [
            {"object": "view reports.b", "owner": "analyst", "breaks": true}
        ]})
    );
    let (log, _guard) = Events::capture();
    report.log();
    let warnings: Vec<String> = log
        .all()
        .into_iter()
        .filter(|one| one.level == Level::WARN)
        .map(|one| one.message)
        .collect();
    assert_eq!(warnings, [3, 4, 9].map(|place| lines(&report)[place].clone()));
    assert_eq!(log.all().len(), 11);
    // The same after a copy: what broke is no object any more.
    world.live(&world.copy("{}")).await.unwrap();
    assert!(drift(&world, "{}").await.is_empty());
}

#[tokio::test]
async fn partitions_are_parts_of_their_table_unless_others_name_them() {
    let world = copied(SOURCE).await;
    world.source("DROP TABLE parts_1");
    assert!(drift(&world, "{}").await.is_empty());
    world.server.psql("target", ANALYST).unwrap();
    world
        .server
        .psql("target", "SET ROLE analyst; CREATE VIEW reports.part AS SELECT id FROM parts_1")
        .unwrap();
    let report = drift(&world, "{}").await;
    assert_eq!(
        lines(&report),
        [r#"table "parts_1" is gone; needed by view reports.part (of role analyst)"#]
    );
}

#[tokio::test]
async fn what_a_copy_does_not_replace_is_left_out() {
    let world = copied(SOURCE).await;
    world.target(
        "CREATE SCHEMA replication_next_public; CREATE TABLE replication_next_public.a (id int);
         CREATE SCHEMA replication_old_public; CREATE TABLE replication_old_public.a (id int);
         CREATE SCHEMA replication_preserved; CREATE TABLE replication_preserved.object (id int);
         CREATE VIEW enriched AS SELECT id FROM a; CREATE TABLE content (id int)",
    );
    world.server.psql("target", "CREATE TABLE of_another_role (id int)").unwrap();
    world.source("DROP TABLE b; ALTER TABLE a ADD more int");
    let report = drift(&world, r#"{"a": "none", "b": "none"}"#).await;
    assert_eq!(lines(&report), [r#"table "content" is gone"#]);
    assert!(!report.breaks() && report.without_gone(|table| table.name == "content").is_empty());
}

#[tokio::test]
async fn rules_that_do_not_fit_any_more_are_named() {
    let world = copied(SOURCE).await;
    let rules = r#"{"a": {"columns": {"name": "'x'", "size": "0"}, "keep": ["id", "note"]},
      "b": {"mode": "upsert", "key": "id", "cursor": "id"}, "parts": "incremental"}"#;
    let strict = |world: &World| {
        let copy = world.copy("{}");
        let mode = mode(rules).with_masking(pg_replicate::Masking::Strict);
        async move { compare(&copy.source, &copy.target, &mode, &Context::quiet()).await.unwrap() }
    };
    assert!(strict(&world).await.is_empty());
    world.source(
        "ALTER TABLE a DROP note; ALTER TABLE a ADD more text; ALTER TABLE a ALTER size TYPE bigint;
         ALTER TABLE b RENAME id TO number; DROP TABLE parts",
    );
    let report = strict(&world).await;
    let reasons: Vec<(&str, bool)> =
        report.rules.iter().map(|rule| (rule.reason.as_str(), rule.breaks)).collect();
    let naming = "case counts, and a table outside public is named schema.table";
    assert_eq!(
        reasons,
        [
            (
                r#"BACKUP_MODE, table "a", "keep": the source's table has no column "note"; must be a column of the table, case counts; it has "id", "name", "size", "more""#,
                true
            ),
            (
                r#"MASKING is strict, and the rules of table "a" in BACKUP_MODE say nothing of "more"; give each an expression in "columns", or name it in "keep""#,
                true
            ),
            (
                r#"BACKUP_MODE, table "a", "columns": column "size" of table "a" was integer and is now bigint"#,
                false
            ),
            (r#"BACKUP_MODE, table "b", "key": the source's table has no column "id""#, true),
            (r#"BACKUP_MODE, table "b", "cursor": the source's table has no column "id""#, true),
            (
                &format!(
                    r#"BACKUP_MODE, table "parts": the source has no table of this name, or it has no columns; {naming}"#
                ),
                true
            ),
        ]
    );
    assert!(report.breaks() && report.changes.iter().all(|change| change.table.name == "a"));
    assert!(report.to_string().ends_with("6 touched rules; 5 rules break"), "{report}");
}
