//! Rows filtered and values replaced in the live copy.

use crate::support::{World, mode};
use pg_replicate::verify::Verify;
use pg_replicate::{Error, FullCopy, LiveOptions, Masking};
use progress::{Context, Summary};

const SCHEMA: &str = r#"
    CREATE SCHEMA "odd schema";
    CREATE TABLE "odd schema"."the ""users" (
      id bigint PRIMARY KEY, "e Mail" varchar(40) NOT NULL UNIQUE, data jsonb, born date, tags text[],
      active boolean, loud text GENERATED ALWAYS AS (upper("e Mail")) STORED);
    INSERT INTO "odd schema"."the ""users"
      SELECT n, 'plain' || n || '@home', jsonb_build_object('phone', 'plain' || n, 'level', n), date '1980-05-05' + n,
        ARRAY['plain' || n], n % 2 = 0 FROM generate_series(1, 2000) n;
    CREATE INDEX by_mail ON "odd schema"."the ""users" (lower("e Mail"));
    CREATE VIEW mails AS SELECT "e Mail" FROM "odd schema"."the ""users";
    CREATE MATERIALIZED VIEW kept_mails AS SELECT "e Mail" FROM "odd schema"."the ""users";
    CREATE TABLE orders (id int PRIMARY KEY, "userId" bigint REFERENCES "odd schema"."the ""users", note text);
    INSERT INTO orders SELECT n, n, 'plain note' FROM generate_series(1, 2000) n;
    CREATE TABLE visits (at date, who text) PARTITION BY RANGE (at);
    CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO visits VALUES ('2025-05-05', 'plain'), ('2026-05-05', 'plain');
    CREATE TABLE calls (at date, who text, "long" int) PARTITION BY RANGE (at);
    CREATE TABLE calls_2025 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE calls_2026 (who text, "long" int, at date);
    ALTER TABLE calls ATTACH PARTITION calls_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO calls VALUES ('2025-05-05', 'open', 1), ('2026-05-05', 'plain', 2);
    CREATE TABLE parent (id int, body text); CREATE TABLE child () INHERITS (parent);
    INSERT INTO parent VALUES (1, 'plain'); INSERT INTO child VALUES (2, 'open');
    CREATE TABLE untouched (id int, body text); INSERT INTO untouched VALUES (1, 'open');
"#;

const RULES: &str = r#"{
    "odd schema.the \"users": {
      "where": "\"the \"\"users\".active OR id = 1",
      "columns": {"e Mail": "'user' || id || '@example.net'", "data": "data - 'phone'",
        "born": "date_trunc('year', born)", "tags": "NULL"},
      "keep": ["id", "active"]},
    "orders": {"where": "\"userId\" % 2 = 0", "columns": {"note": "md5(note)"}, "keep": ["id", "userId"]},
    "visits": {"columns": {"who": "'nobody'"}, "keep": "at"},
    "calls_2026": {"columns": {"who": "'nobody'"}, "keep": ["at", "long"]},
    "parent": {"columns": {"body": "'masked'"}, "keep": "id"}}"#;

async fn live(world: &World, copy: &FullCopy) -> Result<Summary, Error> {
    copy.preflight_live(2).await?;
    unchecked(world, copy).await
}

/// Without the preflight, as when the source changes after it.
async fn unchecked(world: &World, copy: &FullCopy) -> Result<Summary, Error> {
    // What arrives is looked at by the tests.
    let options = LiveOptions { verify: Verify::None, ..world.live_options() };
    copy.live(&options, &Context::quiet()).await
}

#[tokio::test]
async fn plain_values_never_arrive() {
    let world = World::new(SCHEMA);
    let mut copy = world.copy(RULES);
    copy.mode = copy.mode.with_masking(Masking::Strict);
    // Twice, for the second night meets what the first one left.
    for _ in 0..2 {
        live(&world, &copy).await.unwrap();
        let text = world.dump_text("target", &[]).join("\n");
        assert!(!text.contains("plain"), "a plain value arrived");
        let users = r#"FROM "odd schema"."the ""users""#;
        assert_eq!(world.target(&format!("SELECT count(*) {users}")), "1001");
        assert_eq!(
            world.target(&format!("SELECT u::text {users} u WHERE id = 4")),
            r#"(4,user4@example.net,"{""level"": 4}",1980-01-01,,t,USER4@EXAMPLE.NET)"#
        );
        assert_eq!(
            world.target("SELECT count(*) FROM kept_mails WHERE \"e Mail\" LIKE 'user%'"),
            "1001"
        );
        assert_eq!(world.target("SELECT count(*), count(DISTINCT note) FROM orders"), "1000|1");
        assert_eq!(
            world.target(
                "SELECT string_agg(tableoid::regclass || ' ' || who, ', ' ORDER BY at) FROM visits"
            ),
            "visits_2025 nobody, visits_2026 nobody"
        );
        assert_eq!(
            world.target("SELECT string_agg(tableoid::regclass || ' ' || who || long, ', ' ORDER BY at) FROM calls"),
            "calls_2025 open1, calls_2026 nobody2"
        );
        assert_eq!(
            world.target(
                "SELECT string_agg(tableoid::regclass || ' ' || body, ', ' ORDER BY id) FROM parent"
            ),
            "parent masked, child open"
        );
        assert_eq!(world.target("SELECT body FROM untouched"), "open");
    }
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated";
    assert_eq!(world.target(keys), "1");
}

// Another thread ends the connections of a copy that failed, while this one waits for psql.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dropped_when_rules_cannot_be_used() {
    let world = World::new(SCHEMA);
    let mut copy = world.copy(RULES);
    copy.mode = copy.mode.with_masking(Masking::Strict);
    live(&world, &copy).await.unwrap();
    world.source("ALTER TABLE orders ADD COLUMN phone text DEFAULT 'plain'");
    let error = live(&world, &copy).await.unwrap_err();
    assert!(matches!(error, Error::Preflight(_)), "{error:?}");
    assert!(error.to_string().contains("say nothing of \"phone\""), "{error}");
    // Also when it appears after the preflight.
    let late = unchecked(&world, &copy).await.unwrap_err();
    assert!(late.to_string().contains("say nothing of \"phone\""), "{late}");
    // So with a column that has another name now: its rule would go to none, and its values through.
    copy.mode = mode(RULES);
    world.source("ALTER TABLE orders DROP COLUMN phone; ALTER TABLE orders RENAME note TO remark");
    let late = unchecked(&world, &copy).await.unwrap_err();
    assert!(late.to_string().contains("no column \"note\""), "{late}");
    assert_eq!(world.target("SELECT count(*) FROM orders"), "1000");
}

/// A row behind those that the preflight tries: what was to be masked is in no error.
#[tokio::test]
async fn an_expression_that_fails_shows_no_value() {
    let world = World::new(
        "CREATE TABLE people (id int, phone text);
         INSERT INTO people SELECT n, '06' || n FROM generate_series(1, 500) n;
         INSERT INTO people VALUES (501, 'n0t-masked');
         CREATE TABLE early (id int, phone text); INSERT INTO early VALUES (1, 'n0t-masked');",
    );
    let rules = |table: &str| {
        world.copy(&format!(
            r#"{{"{table}": {{"columns": {{"phone": "phone::int::text"}}, "keep": "id"}}}}"#
        ))
    };
    let error = live(&world, &rules("people")).await.unwrap_err().to_string();
    assert!(error.contains("read people from the source") && error.contains("22P02"), "{error}");
    assert!(!error.contains("n0t-masked"), "{error}");
    let error = live(&world, &rules("early")).await.unwrap_err().to_string();
    assert!(error.contains("column \"phone\"") && error.contains("22P02"), "{error}");
    assert!(!error.contains("n0t-masked"), "{error}");
}
