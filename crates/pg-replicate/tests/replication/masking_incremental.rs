//! Rows filtered and values replaced in the incremental copy.

use crate::support::{World, increments};
use pg_replicate::{CopyFormat, Error, Incremental, Masking, SchemaChanges};
use progress::Context;

const USERS: &str = r#"
    CREATE TABLE "odd ""users" (
      "Id" int PRIMARY KEY, email text NOT NULL UNIQUE, "full ""Name" varchar(20), data jsonb, tags text[],
      active boolean NOT NULL DEFAULT true, at timestamptz, loud text GENERATED ALWAYS AS (upper(email)) STORED);
"#;

fn insert(from: u32, to: u32) -> String {
    format!(
        r#"INSERT INTO "odd ""users"
           SELECT n, 'plain' || n || '@home', 'Plain ' || n, jsonb_build_object('phone', 'plain' || n, 'level', n),
             ARRAY['plain' || n], n % 2 = 0, timestamptz '2026-01-01Z' + n * interval '1 min'
           FROM generate_series({from}, {to}) n"#
    )
}

const COLUMNS: &str = r#""columns": {
    "email": "'user' || \"Id\" || '@example.net'", "full \"Name": "NULL",
    "data": "data - 'phone' || '{\"masked\": true}'", "tags": "array_remove(tags, tags[1])"}"#;

fn incremental(world: &World, rule: &str) -> Incremental {
    increments::incremental(world, &format!(r#"{{"\"odd \"\"users\"": {{{rule}}}}}"#))
}

async fn rows(world: &World, rule: &str) -> u64 {
    let incremental = incremental(world, rule);
    let checks = incremental.check().await;
    assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    incremental.run(&Context::quiet()).await.unwrap().phases[0].rows
}

/// Every row of the target as text has nothing of what is masked.
fn assert_masked(world: &World) {
    let plain = r#"SELECT count(*) FROM "odd ""users" u WHERE u::text ILIKE '%plain%'"#;
    assert_eq!(world.target(plain), "0");
    let masked = r#"SELECT count(*) FROM "odd ""users" WHERE email = 'user' || "Id" || '@example.net'
        AND "full ""Name" IS NULL AND data = jsonb_build_object('level', "Id", 'masked', true)
        AND tags = '{}' AND loud = 'USER' || "Id" || '@EXAMPLE.NET'"#;
    assert_eq!(world.target(masked), world.target(r#"SELECT count(*) FROM "odd ""users""#));
}

fn ids(world: &World) -> String {
    world.target(r#"SELECT string_agg("Id"::text, ' ' ORDER BY "Id") FROM "odd ""users""#)
}

#[tokio::test]
async fn incremental_rows_are_masked_and_filtered() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(&insert(1, 6));
    let rule = format!(r#""mode": "incremental", "key": "Id", "where": "active", {COLUMNS}"#);
    assert_eq!(rows(&world, &rule).await, 3);
    world.source(&insert(7, 10));
    // As text too.
    let mut text = incremental(&world, &rule);
    text.format = CopyFormat::Text;
    assert_eq!(text.run(&Context::quiet()).await.unwrap().phases[0].rows, 2);
    assert_eq!(ids(&world), "2 4 6 8 10");
    assert_masked(&world);
    // Late rows, found by comparing keys, and those that do not meet the condition.
    world.target(r#"DELETE FROM "odd ""users" WHERE "Id" = 4"#);
    let rule = format!(
        r#""mode": "incremental", "key": "Id", "lag": "1 day", "where": "active", {COLUMNS}"#
    );
    assert_eq!(rows(&world, &rule).await, 1);
    assert_eq!(rows(&world, &rule).await, 0);
    assert_eq!(ids(&world), "2 4 6 8 10");
    assert_masked(&world);
}

#[tokio::test]
async fn upserted_rows_are_masked_and_what_is_filtered_out_counts_as_absent() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(&insert(1, 8));
    let rule = format!(
        r#""mode": "upsert", "deletes": true, "where": "\"odd \"\"users\".active", {COLUMNS}"#
    );
    assert_eq!(rows(&world, &rule).await, 4);
    assert_masked(&world);
    // A masked row that did not change is not written again.
    let versions = r#"SELECT string_agg(xmin::text, ' ' ORDER BY "Id") FROM "odd ""users""#;
    let before = world.target(versions);
    assert_eq!(rows(&world, &rule).await, 0);
    assert_eq!(world.target(versions), before);
    world.source(
        r#"UPDATE "odd ""users" SET email = 'plainly@home' WHERE "Id" = 2;
           UPDATE "odd ""users" SET data = data || '{"level": 40}' WHERE "Id" = 4;
           UPDATE "odd ""users" SET active = false WHERE "Id" = 6;
           UPDATE "odd ""users" SET active = true WHERE "Id" = 5;
           DELETE FROM "odd ""users" WHERE "Id" = 8"#,
    );
    // A change of a masked value alone is none.
    assert_eq!(rows(&world, &rule).await, 2);
    assert_eq!(ids(&world), "2 4 5");
    assert_eq!(world.target(r#"SELECT data ->> 'level' FROM "odd ""users" WHERE "Id" = 4"#), "40");
    world.target(r#"UPDATE "odd ""users" SET data = data || '{"level": 4}' WHERE "Id" = 4"#);
    assert_masked(&world);
}

#[tokio::test]
async fn with_a_cursor_and_without_deletes_a_row_that_leaves_the_filter_stays() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(&insert(1, 4));
    let rule =
        format!(r#""mode": "upsert", "cursor": "at", "where": "active OR at IS NULL", {COLUMNS}"#);
    assert_eq!(rows(&world, &rule).await, 2);
    world.source(r#"UPDATE "odd ""users" SET active = false, at = now() WHERE "Id" = 2"#);
    // "OR" of the filter must not let older rows through.
    world.source(r#"UPDATE "odd ""users" SET data = NULL WHERE "Id" = 4"#);
    world.target(r#"UPDATE "odd ""users" SET at = at + interval '1 hour' WHERE "Id" = 2"#);
    assert_eq!(rows(&world, &rule).await, 0);
    assert_eq!(ids(&world), "2 4");
    assert_masked(&world);
}

async fn refusal(incremental: &Incremental) -> String {
    let checks = incremental.check().await;
    let wrong = checks.iter().find_map(|check| check.outcome.as_ref().err()).unwrap();
    let error = incremental.run(&Context::quiet()).await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error:?}");
    assert_eq!(error.to_string(), *wrong);
    wrong.clone()
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_copied() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(&insert(1, 4));
    let text =
        refusal(&incremental(&world, r#""mode": "upsert", "columns": {"email": "emial"}"#)).await;
    assert!(text.contains("column \"email\": emial: column \"emial\" does not exist"), "{text}");
    // The key is found on the target.
    let text =
        refusal(&incremental(&world, r#""mode": "upsert", "columns": {"Id": "\"Id\" + 1"}"#)).await;
    assert!(text.contains("column \"Id\" belongs to the key"), "{text}");
    assert_eq!(world.target(r#"SELECT count(*) FROM "odd ""users""#), "0");
}

#[tokio::test]
async fn strict_refuses_a_column_that_appears_whatever_schema_changes_says() {
    let world = World::new(USERS);
    world.target(USERS);
    world.source(&insert(1, 4));
    let rule = format!(r#""mode": "upsert", "keep": ["Id", "active", "at"], {COLUMNS}"#);
    let mut strict = incremental(&world, &rule);
    strict.mode = strict.mode.with_masking(Masking::Strict);
    strict.schema_changes = SchemaChanges::Add;
    assert_eq!(strict.run(&Context::quiet()).await.unwrap().phases[0].rows, 4);
    world.source(r#"ALTER TABLE "odd ""users" ADD COLUMN phone text; UPDATE "odd ""users" SET phone = 'plain'"#);
    let text = refusal(&strict).await;
    assert!(text.contains("MASKING is strict") && text.contains("\"phone\""), "{text}");
    assert_masked(&world);
    // With an expression it is added, and masked from the first row on.
    let rule = rule.replace("{\n", r#"{ "phone": "'none ' || \"Id\"","#);
    let mut strict = incremental(&world, &rule);
    strict.mode = strict.mode.with_masking(Masking::Strict);
    strict.schema_changes = SchemaChanges::Add;
    assert_eq!(strict.run(&Context::quiet()).await.unwrap().phases[0].rows, 4);
    assert_eq!(world.target(r#"SELECT phone FROM "odd ""users" WHERE "Id" = 3"#), "none 3");
    assert_masked(&world);
}

/// The target would not compute it from what it receives.
#[tokio::test]
async fn a_column_that_only_the_source_generates_is_not_copied_unmasked() {
    let world = World::new(USERS);
    world.target(USERS);
    world.target(r#"ALTER TABLE "odd ""users" ALTER loud DROP EXPRESSION"#);
    world.source(&insert(1, 6));
    let rule = format!(r#""mode": "upsert", {COLUMNS}"#);
    let incremental = incremental(&world, &rule);
    let refusal = refusal(&incremental).await;
    assert!(refusal.contains("column \"loud\" is generated on the source"), "{refusal}");
    assert!(incremental.run(&Context::quiet()).await.is_err());
    assert_eq!(world.target(r#"SELECT count(*) FROM "odd ""users""#), "0");
}
