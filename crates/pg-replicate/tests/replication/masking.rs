//! Rules for rows and columns: what is wrong with them is said before anything is changed.

use crate::support::World;
use pg_replicate::{Check, CopyFormat, Error, Incremental, Masking, SchemaChanges};
use progress::Context;

const SCHEMA: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE DOMAIN short AS varchar(8) CHECK (value <> '');
    CREATE TABLE users (
      id bigint PRIMARY KEY, email text NOT NULL, "full ""Name" varchar(20), data jsonb, born date, mood mood,
      code short, loud text GENERATED ALWAYS AS (upper(email)) STORED);
    INSERT INTO users VALUES (1, 'ann@home', 'Ann', '{"phone": "1", "a": [1]}', '1980-01-02', 'sad', 'x'),
      (2, 'bob@home', 'Bob', '{"phone": "2"}', NULL, 'glad', 'y');
    CREATE TABLE answers (id int PRIMARY KEY, "userId" bigint CONSTRAINT of_user REFERENCES users, secret text);
    INSERT INTO answers VALUES (10, 1, 'a'), (20, 2, 'b'), (30, NULL, 'c');
    CREATE SCHEMA stats;
    CREATE TABLE stats.visits (at date, who text) PARTITION BY RANGE (at);
    CREATE TABLE stats.visits_2025 PARTITION OF stats.visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE stats.visits_2026 PARTITION OF stats.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO stats.visits VALUES ('2025-05-05', 'Ann'), ('2026-05-05', 'Bob');
    CREATE VIEW named AS SELECT id, email FROM users;
    CREATE FUNCTION hidden(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.md5($1) $$;
    CREATE FUNCTION writing(text) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.answers VALUES (40, NULL, $1); RETURN $1; END $$;
"#;

/// The first block of a language in docs/masking.md.
fn example(language: &str) -> &'static str {
    let text = include_str!("../../../../docs/masking.md");
    let block = text.split_once(&format!("```{language}\n")).unwrap().1;
    block.split_once("```").unwrap().0
}

#[tokio::test]
async fn the_example_of_the_documentation() {
    let world = World::new(example("sql"));
    world.target(example("sql"));
    world.source(
        r#"INSERT INTO users SELECT n, 'plain' || n || '@home', 'Plain', '{"phone": "1", "level": 1}',
             CASE WHEN n > 5 THEN now() END FROM generate_series(1, 9) n;
           INSERT INTO sessions SELECT n, n, 'x', now() FROM generate_series(1, 9) n;
           INSERT INTO answers VALUES (1, 1, 'a', 'plain')"#,
    );
    assert_eq!(
        masking(&world, example("json"), Masking::Off).await.unwrap(),
        "the rules of sessions, users can be used"
    );
    world.target("INSERT INTO answers VALUES (0)");
    let incremental = Incremental {
        source: world.url("source_user", "source"),
        target: world.url("target_user", "target"),
        mode: crate::support::mode(example("json")),
        format: CopyFormat::Binary,
        jobs: 1,
        schema_changes: SchemaChanges::Fail,
    };
    incremental.run(&Context::quiet()).await.unwrap();
    assert_eq!(world.target("SELECT answers::text FROM answers WHERE id = 1"), "(1,1,a,)");
    // Without the filter of sessions, some would refer to users who are left out.
    let mode = example("json").replace(" AND EXISTS", " OR EXISTS");
    assert!(wrong(&world, &mode).await.contains("sessions_userId_fkey"));
}

/// The check's line on rules.
async fn masking(world: &World, mode: &str, masking: Masking) -> Result<String, String> {
    let mut copy = world.copy(mode);
    copy.mode = copy.mode.with_masking(masking);
    let is_ours = |check: &Check| check.subject == "masking";
    // That archives mask nothing is another test's.
    copy.check().await.into_iter().find(is_ours).unwrap().outcome
}

async fn wrong(world: &World, mode: &str) -> String {
    masking(world, mode, Masking::Off).await.unwrap_err()
}

async fn good(world: &World, mode: &str) {
    masking(world, mode, Masking::Off).await.unwrap();
}

#[tokio::test]
async fn rules_that_can_be_used() {
    let world = World::new(SCHEMA);
    let mode = r#"{"users": {
        "columns": {
          "email": "'user' || id || '@example.net'",
          "full \"Name": "left(\"full \"\"Name\", 1) || '.'",
          "data": "jsonb_set(data - 'phone', '{a,0}', to_jsonb(users.id + 1))",
          "born": "date_trunc('year', born)",
          "mood": "CASE WHEN id > 1 THEN 'sad' ELSE 'glad' END",
          "code": "public.hidden(code)"
        },
        "keep": ["id", "loud"]},
      "stats.visits": {"where": "at >= '2026-01-01'", "columns": {"who": "NULL"}}}"#;
    let found = masking(&world, mode, Masking::Off).await.unwrap();
    assert_eq!(found, "the rules of users, stats.visits can be used");
    // A subselect is an expression of one row.
    good(&world, r#"{"answers":{"columns":{"secret":"(SELECT max(email) FROM public.users u WHERE u.id = \"userId\")"}}}"#).await;
}

#[tokio::test]
async fn wrong_expressions_are_named() {
    let rules = [
        (r#""columns":{"email":"'a' ||"}"#, vec![r#", column "email": 'a' ||: syntax error"#]),
        (
            r#""columns":{"email":"emial"}"#,
            vec!["column \"emial\" does not exist (42703)", "an expression over one row"],
        ),
        (
            r#""columns":{"born":"42"}"#,
            vec!["column \"born\": 42: cannot cast type integer to date", "cast to date"],
        ),
        (
            r#""columns":{"email":"hidden(email)"}"#,
            vec!["function hidden(text) does not exist", "written out, as public.f"],
        ),
        (r#""columns":{"email":"count(*)"}"#, vec!["aggregate functions are not allowed"]),
        (
            r#""columns":{"id":"generate_series(1, 3)"}"#,
            vec!["set-returning functions are not allowed"],
        ),
        (r#""columns":{"id":"row_number() OVER ()"}"#, vec!["window functions are not allowed"]),
        (r#""columns":{"email":"id AS x"}"#, vec!["syntax error"]),
        (
            r#""columns":{"email":"public.writing(email)"}"#,
            vec!["cannot execute INSERT in a read-only transaction"],
        ),
        (r#""columns":{"born":"'never'"}"#, vec!["invalid input syntax for type date"]),
        (r#""columns":{"id":"email"}"#, vec!["cast to bigint"]),
        (
            r#""columns":{"id":"email::bigint"}"#,
            vec!["invalid input syntax for type bigint: … (22P02)"],
        ),
        (r#""columns":{"code":"''"}"#, vec!["violates check constraint"]),
        (
            r#""columns":{"email":"NULLIF(id, 2)"}"#,
            vec!["it gives NULL for a row, and the column is NOT NULL"],
        ),
        (r#""columns":{"loud":"'x'"}"#, vec!["column \"loud\" is generated"]),
        (r#""columns":{"Email":"'x'"}"#, vec!["no column \"Email\"", "\"email\", \"full \"Name\""]),
        (r#""keep":["mail"]"#, vec!["\"keep\": the source's table has no column \"mail\""]),
        (
            r#""where":"id""#,
            vec!["\"where\": id: argument of WHERE must be type boolean", "a condition"],
        ),
        (r#""where":"count(*) > 0""#, vec!["aggregate functions are not allowed in WHERE"]),
        (r#""where":"1 / (id - 2) > 0""#, vec!["division by zero"]),
    ];
    // One check for all: each rule has a table of its own.
    let mut schema = SCHEMA.to_owned();
    let mut mode = Vec::new();
    for (number, (rule, _)) in rules.iter().enumerate() {
        schema += &format!(
            "CREATE TABLE users_{number} (LIKE users INCLUDING ALL);
             INSERT INTO users_{number} SELECT id, email, \"full \"\"Name\", data, born, mood, code FROM users;"
        );
        mode.push(format!(r#""users_{number}":{{{rule}}}"#));
    }
    let world = World::new(&schema);
    let text = wrong(&world, &format!("{{{}}}", mode.join(","))).await;
    let reasons: Vec<&str> = text.split("BACKUP_MODE, ").skip(1).collect();
    for (number, (rule, parts)) in rules.iter().enumerate() {
        let table = format!("table \"users_{number}\"");
        let reason = reasons.iter().find(|reason| reason.starts_with(&table)).unwrap();
        for part in parts {
            assert!(reason.contains(part), "{rule}: {part} in {reason}");
        }
    }
    assert_eq!(reasons.len(), rules.len(), "{text}");
    // All of them at once.
    let text = wrong(&world, r#"{"users":{"where":"x","columns":{"email":"y","code":"z"}}}"#).await;
    assert_eq!(text.matches("does not exist").count(), 3, "{text}");
    assert_eq!(world.source("SELECT count(*) FROM answers"), "3");
}

#[tokio::test]
async fn what_is_no_single_expression_is_refused_without_a_server() {
    for expression in [
        "'x' --",
        "'x'; DROP TABLE users",
        "'x')::text, (email",
        "(id",
        "id)",
        "/* x",
        "id, email",
        "$1",
        "",
    ] {
        let rule = serde_json::json!({"users": {"columns": {"email": expression}}});
        let error = rule.to_string().parse::<pg_replicate::BackupMode>().unwrap_err().to_string();
        assert!(
            error.starts_with(r#"table "users", "columns", "email": must be one expression"#),
            "{error}"
        );
        let rule = serde_json::json!({"users": {"where": expression}});
        assert!(rule.to_string().parse::<pg_replicate::BackupMode>().is_err(), "{expression}");
    }
}

#[tokio::test]
async fn tables_that_cannot_have_rules() {
    let world = World::new(SCHEMA);
    let rule = r#"{"where":"true"}"#;
    let text = wrong(&world, &format!(r#"{{"Users":{rule}}}"#)).await;
    assert!(
        text.contains("table \"Users\": the source has no table of this name; case counts"),
        "{text}"
    );
    let text = wrong(&world, &format!(r#"{{"named":{rule}}}"#)).await;
    assert!(text.contains("table \"named\": on the source it is a view"), "{text}");
    for table in ["stats.visits", "stats.visits_2026"] {
        let text =
            wrong(&world, &format!(r#"{{"{table}":{{"columns":{{"at":"'2026-01-01'"}}}}}}"#)).await;
        assert!(text.contains("column \"at\" says to which partition a row belongs"), "{text}");
    }
    world.source(
        "CREATE TABLE spread (email text, n int, x int) PARTITION BY HASH (lower(email), n);
         CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
    );
    for column in ["email", "n"] {
        let text =
            wrong(&world, &format!(r#"{{"spread":{{"columns":{{"{column}":"NULL"}}}}}}"#)).await;
        assert!(text.contains("to which partition a row belongs"), "{text}");
    }
    good(&world, r#"{"spread":{"columns":{"x":"NULL"}}}"#).await;
    world.server.psql("source", "CREATE TABLE member (id int); CREATE EXTENSION hstore; ALTER EXTENSION hstore ADD TABLE member").unwrap();
    let text = wrong(&world, r#"{"member":{"columns":{"id":"1"}}}"#).await;
    assert!(text.contains("table \"member\": it belongs to the extension hstore"), "{text}");
    // A partition has rules of its own, or those of its table.
    good(
        &world,
        r#"{"stats.visits_2025":{"where":"false"},"stats.visits_2026":{"columns":{"who":"'x'"}}}"#,
    )
    .await;
    for other in [r#"{"columns":{"who":"'x'"}}"#, r#""none""#, r#"{"mode":"upsert","key":"at"}"#] {
        let mode = format!(r#"{{"stats.visits":{rule},"stats.visits_2025":{other}}}"#);
        let text = wrong(&world, &mode).await;
        assert!(text.contains("both hold for partition \"stats.visits_2025\""), "{text}");
    }
    let mode = format!(r#"{{"stats.visits_2025":{rule},"stats.visits":"none"}}"#);
    assert!(wrong(&world, &mode).await.contains("both hold for partition"));
}

#[tokio::test]
async fn strict_names_every_column_without_a_rule() {
    let world = World::new(SCHEMA);
    let mode = r#"{"answers":{"columns":{"secret":"''"},"keep":["id"]}}"#;
    good(&world, mode).await;
    let text = masking(&world, mode, Masking::Strict).await.unwrap_err();
    assert!(
        text.contains("MASKING is strict") && text.contains("say nothing of \"userId\";"),
        "{text}"
    );
    let mode = r#"{"answers":{"columns":{"secret":"''"},"keep":["id","userId"]}}"#;
    masking(&world, mode, Masking::Strict).await.unwrap();
    // A column appears.
    world.source("ALTER TABLE answers ADD COLUMN \"phone Number\" text, ADD twice int GENERATED ALWAYS AS (2 * id) STORED");
    good(&world, mode).await;
    let text = masking(&world, mode, Masking::Strict).await.unwrap_err();
    assert!(text.contains("say nothing of \"phone Number\";"), "{text}");
    // A table without rules is not looked at.
    masking(&world, r#"{"users":{"where":"true","keep":["id","email","full \"Name","data","born","mood","code"]}}"#, Masking::Strict)
        .await
        .unwrap();
}

#[tokio::test]
async fn foreign_keys_that_the_rules_break() {
    let world = World::new(SCHEMA);
    let text = wrong(&world, r#"{"users":{"where":"id > 1"}}"#).await;
    assert!(
        text.contains("foreign key \"of_user\" from table \"answers\" to \"users\" does not hold"),
        "{text}"
    );
    assert!(text.contains("the value of (\"userId\"): 1;"), "{text}");
    good(&world, r#"{"users":{"where":"id > 1"},"answers":{"where":"\"userId\" > 1"}}"#).await;
    good(&world, r#"{"answers":{"where":"false"}}"#).await;
    // Values that are compared.
    let text = wrong(&world, r#"{"users":{"columns":{"id":"id + 100"}}}"#).await;
    assert!(text.contains("\"of_user\"") && text.contains("the same expression"), "{text}");
    assert!(
        text.contains("the value of (\"userId\"): …;"),
        "what is masked on one side is not shown: {text}"
    );
    good(&world, r#"{"users":{"columns":{"id":"id + 100"}},"answers":{"columns":{"userId":"\"userId\" + 100"}}}"#).await;
    // Of a kept table the key goes; without foreign keys there is nothing to break.
    good(&world, r#"{"users":{"where":"id > 1"},"answers":"incremental"}"#).await;
    let mut copy = world.copy(r#"{"users":{"where":"id > 1"}}"#);
    copy.foreign_keys = pg_replicate::ForeignKeys::Without;
    let checks = copy.check().await;
    assert!(checks.iter().find(|check| check.subject == "masking").unwrap().outcome.is_ok());
}

#[tokio::test]
async fn an_archive_that_would_mask_nothing_is_refused() {
    let world = World::new(SCHEMA);
    world.run(&world.copy("{}")).await.unwrap();
    let copy = world.copy(r#"{"users":{"columns":{"email":"'x'"}},"answers":"none"}"#);
    let context = Context::quiet();
    for error in [
        copy.preflight().await.unwrap_err(),
        copy.preflight_restore(&world.dump()).await.unwrap_err(),
        copy.backup(&world.directory.path().join("other"), &context).await.unwrap_err(),
        copy.restore(&world.dump(), &context).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Preflight(_)), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains("has rules for the rows or columns of \"users\", and an archive"),
            "{text}"
        );
    }
    assert!(!crate::support::exists(&world.directory.path().join("other")));
    assert_eq!(world.target("SELECT count(*) FROM users"), "2");
}
