//! The tables that say how fresh the others are: what they contain, and that they stay.

use std::time::SystemTime;

use crate::support::{World, mode};
use pg_replicate::freshness::{Run, record_now, updated_tables};
use pg_replicate::{Error, FullCopy};
use progress::{CopyFacts, Summary};

const SOURCE: &str = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 3);
  CREATE SCHEMA shop; CREATE TABLE shop.\"Odd.table\" (id int); INSERT INTO shop.\"Odd.table\" VALUES (1);
  CREATE TABLE kept (id int); CREATE TABLE nothing ();";
const SCHEMA: &str = "Fresh \"ness\"";

fn copy(world: &World, rules: &str) -> FullCopy {
    FullCopy { freshness_schema: Some(SCHEMA.into()), ..world.copy(rules) }
}

fn run(id: &str, facts: &CopyFacts, is_full: bool) -> Run {
    Run {
        id: id.into(),
        method: if is_full { "live" } else { "incremental" }.into(),
        started_at: SystemTime::now(),
        snapshot_at: facts.snapshot_at,
        verified: Some(true),
        is_full,
        tables: if is_full {
            Vec::new()
        } else {
            updated_tables(&mode(r#"{"kept": "incremental"}"#), facts)
        },
    }
}

async fn record(world: &World, rules: &str, run: Run, summary: &Summary) {
    let target = world.copy(rules).target;
    record_now(&target, SCHEMA, &mode(rules), &summary.facts, run).await.unwrap();
}

const TABLES: &str =
    "SELECT schema_name, table_name, rows, mode, verified, run_id, snapshot_at < published_at
  FROM \"Fresh \"\"ness\"\"\".copied_table ORDER BY 1, 2";

#[tokio::test]
async fn every_copied_table_has_its_row_and_both_tables_stay_with_their_grants() {
    let world = World::new(SOURCE);
    let before = world.source("SELECT now()");
    let summary = world.live(&copy(&world, "{}")).await.unwrap();
    record(&world, "{}", run("1", &summary.facts, true), &summary).await;
    let expected = "public|a|3|full|t|1|t\npublic|kept|0|full|t|1|t\npublic|nothing|0|full|t|1|t\nshop|Odd.table|1|full|t|1|t";
    assert_eq!(world.target(TABLES), expected);
    let is_after =
        format!("SELECT bool_and(snapshot_at >= '{before}') FROM \"Fresh \"\"ness\"\"\".run");
    assert_eq!(world.target(&is_after), "t");

    world.server.psql("postgres", "CREATE ROLE analyst").unwrap();
    world.target(
        "GRANT USAGE ON SCHEMA \"Fresh \"\"ness\"\"\" TO analyst;
         GRANT SELECT ON ALL TABLES IN SCHEMA \"Fresh \"\"ness\"\"\" TO analyst",
    );
    let read = format!("SET ROLE analyst; {TABLES}");
    world.source("DROP TABLE nothing");
    for way in ["live", "archive"] {
        let copy = copy(&world, "{}");
        let summary = match way {
            "live" => world.live(&copy).await,
            _ => world.run(&copy).await,
        }
        .unwrap();
        // Until the next is written down, and without it, analysts read the last.
        assert_eq!(
            world.server.psql("target", &read).unwrap(),
            if way == "live" {
                expected
            } else {
                "public|a|3|full|t|live|t\npublic|kept|0|full|t|live|t\nshop|Odd.table|1|full|t|live|t"
            }
        );
        record(&world, "{}", run(way, &summary.facts, true), &summary).await;
    }
    // pg_restore does not count, and nothing was compared.
    assert_eq!(
        world.server.psql("target", &read).unwrap(),
        "public|a||full||archive|t\npublic|kept||full||archive|t\nshop|Odd.table||full||archive|t"
    );
    let rules = r#"{"kept": "incremental"}"#;
    record(&world, rules, run("2", &CopyFacts::default(), false), &Summary::default()).await;
    record(&world, rules, run("2", &summary.facts, true), &summary).await;
    assert_eq!(
        world.target(TABLES),
        "public|a|3|full|t|2|t\npublic|kept||incremental||2|\nshop|Odd.table|1|full|t|2|t"
    );
    let runs = "SELECT run_id, method FROM \"Fresh \"\"ness\"\"\".run ORDER BY published_at";
    assert_eq!(world.target(runs), "1|live\nlive|live\narchive|live\n2|incremental\n2|live");
}

#[tokio::test]
async fn the_last_hundred_runs_are_kept() {
    let world = World::new(SOURCE);
    let summary = Summary::default();
    for number in 0..3 {
        record(&world, "{}", run(&number.to_string(), &summary.facts, true), &summary).await;
    }
    let more = "INSERT INTO \"Fresh \"\"ness\"\"\".run
      SELECT 'old ' || n, 'live', now(), now(), now() - n * interval '1 day' FROM generate_series(1, 200) n";
    world.target(more);
    record(&world, "{}", run("2", &summary.facts, true), &summary).await;
    let left = "SELECT count(*), count(*) FILTER (WHERE run_id LIKE 'old%') FROM \"Fresh \"\"ness\"\"\".run";
    assert_eq!(world.target(left), "100|97");
}

#[tokio::test]
async fn a_schema_of_others_is_refused_before_anything_is_changed() {
    let world = World::new(SOURCE);
    world.source("CREATE SCHEMA \"Fresh \"\"ness\"\"\"");
    let refusal = async || {
        let copy = copy(&world, "{}");
        let (live, archive) = (copy.preflight_live(2).await, copy.preflight().await);
        assert_eq!(live.as_ref().unwrap_err().to_string(), archive.unwrap_err().to_string());
        match live.unwrap_err() {
            Error::Preflight(checks) => checks[0].outcome.clone().unwrap_err(),
            error => panic!("{error}"),
        }
    };
    let wrong = refusal().await;
    assert!(
        wrong.starts_with("FRESHNESS_SCHEMA: the source has a schema \"Fresh \"ness\"\" too"),
        "{wrong}"
    );
    world.source("DROP SCHEMA \"Fresh \"\"ness\"\"\"");
    copy(&world, "{}").preflight_live(2).await.unwrap();
    world.server.psql("target", "CREATE SCHEMA \"Fresh \"\"ness\"\"\"").unwrap();
    let wrong = refusal().await;
    assert!(wrong.contains("of the target belongs to role"), "{wrong}");
}
