//! The view and the indexes, and their rules.

use std::time::Duration;

use crate::support::{World, mode};
use pg_replicate::{Error, enrichment};
use progress::Context;
use test_servers::wait_for_async;

const TABLES: &str = r#"
    CREATE TABLE "knowledge-elements" ("createdAt" timestamptz);
    CREATE TABLE answers ("challengeId" text);
    CREATE TABLE users ("createdAt" timestamptz);
    CREATE TABLE "organization-learners" (id int);
"#;

const FOUND: &str = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('i', 'v', 'm')";

async fn run(world: &World, script: &str, modes: &str) -> Result<u64, Error> {
    let target = world.url("target_user", "target");
    let summary = enrichment::run(&target, script, &mode(modes), 2, &Context::quiet()).await?;
    Ok(summary.phases[0].objects)
}

#[tokio::test]
async fn the_default_script_skips_what_is_kept_or_missing_and_runs_twice() {
    let world = World::new("");
    world.target(TABLES);
    let kept = r#"{"answers":"incremental"}"#;
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, kept).await.unwrap(), 3);
    assert_eq!(
        world.target(FOUND),
        "knowledge-elements_createdAt_idx schooling-registrations users_createdAt_idx"
    );
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, kept).await.unwrap(), 0);
    // A table of that name is no reason to fail.
    world.target(
        "DROP VIEW \"schooling-registrations\"; CREATE TABLE \"schooling-registrations\" ()",
    );
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, "{}").await.unwrap(), 1);
}

#[tokio::test]
async fn passwords_are_overwritten_where_their_table_is_copied_whole() {
    const PASSWORDS: &str = r#"SELECT string_agg("authenticationComplement"::text, ' ' ORDER BY id)
        FROM "authentication-methods""#;
    let world = World::new("");
    world.target(
        r#"CREATE TABLE "authentication-methods" (id int, "identityProvider" text, "authenticationComplement" jsonb);
           INSERT INTO "authentication-methods" VALUES
             (1, 'PIX', '{"password": "$2b$10$hash", "shouldChangePassword": false}'),
             (2, 'GAR', '{"password": "of another"}'), (3, 'PIX', NULL)"#,
    );
    let before = world.target(PASSWORDS);
    for kept in ["incremental", "none"] {
        let mode = format!(r#"{{"authentication-methods":"{kept}"}}"#);
        assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, &mode).await.unwrap(), 0);
        assert_eq!(world.target(PASSWORDS), before, "{kept}");
    }
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, "{}").await.unwrap(), 1);
    assert_eq!(
        world.target(PASSWORDS),
        r#"{"password": "password-replaced", "shouldChangePassword": false} {"password": "of another"}"#
    );
}

#[tokio::test]
async fn an_empty_target_has_nothing_to_enrich() {
    let world = World::new("");
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, "{}").await.unwrap(), 0);
}

#[tokio::test]
async fn a_database_with_other_columns_is_none_of_its_business() {
    let world = World::new("");
    world.target("CREATE TABLE users (id int); CREATE TABLE answers (\"challengeId\" text)");
    assert_eq!(run(&world, enrichment::DEFAULT_SCRIPT, "{}").await.unwrap(), 2);
    assert_eq!(world.target(FOUND), "answers_challengeId_idx");
    let script = "CREATE VIEW v AS SELECT missing FROM users; UPDATE missing SET x = 1;
                  REFRESH MATERIALIZED VIEW nowhere.v; CREATE INDEX later ON users (id)";
    run(&world, script, "{}").await.unwrap();
    assert_eq!(world.target(FOUND), "answers_challengeId_idx later");
}

#[tokio::test]
async fn a_failed_statement_is_named_and_the_next_try_goes_on_from_there() {
    let world = World::new("");
    world.target("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'x')");
    // What stands between keeps the indexes from being built at once.
    let script = "CREATE INDEX one ON t (a);\nANALYZE t;\n-- label: unique b\nCREATE UNIQUE INDEX ON t (b);\n\
                  CREATE MATERIALIZED VIEW m AS SELECT 1;\nANALYZE t;";
    let error = run(&world, script, "{}").await.unwrap_err().to_string();
    assert!(error.starts_with("unique b (line 4 of the script): "), "{error}");
    assert!(error.contains("Key (b)=(x) is duplicated"), "{error}");
    world.target("DELETE FROM t WHERE a = 1");
    assert_eq!(run(&world, script, "{}").await.unwrap(), 4);
    assert_eq!(world.target(FOUND), "m one t_b_idx");
}

#[tokio::test]
async fn an_index_that_concurrently_left_unfinished_is_made_anew() {
    let world = World::new("");
    world.target("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)");
    let script = "CREATE UNIQUE INDEX CONCURRENTLY one ON t (a)";
    run(&world, script, "{}").await.unwrap_err();
    let valid = "SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass";
    assert_eq!(world.target(valid), "f");
    world.target("TRUNCATE t");
    assert_eq!(run(&world, script, "{}").await.unwrap(), 1);
    assert_eq!(world.target(valid), "t");
}

#[tokio::test]
async fn cancelled_on_the_server_too() {
    let world = World::new("");
    let target = world.url("target_user", "target");
    let context = Context::quiet();
    let cancel = context.cancel.clone();
    let work = tokio::spawn(async move {
        enrichment::run(&target, "SELECT pg_sleep(600)", &mode("{}"), 2, &context).await
    });
    let like = "pg-replicate enrichment";
    let limit = Duration::from_secs(20);
    assert!(wait_for_async(limit, async || world.sessions(like) == 1).await);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(wait_for_async(limit, async || world.sessions(like) == 0).await);
}
