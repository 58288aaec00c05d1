//! Whatever a role or a database sets for its sessions, the copy means the same.

use pg_replicate::verify::Verify;
use pg_replicate::{CopyFormat, Incremental, LiveOptions, SchemaChanges};
use progress::Context;

use crate::support::languages::server_speaking;
use crate::support::{World, assert_same_text, mode};

const SCRIPT: &str = r#"
  CREATE TABLE odd (
    id int PRIMARY KEY, s text DEFAULT 'x\ty', xml xml, many text[], span interval, at timestamptz, raw bytea, f float8,
    price money CHECK (s <> 'a\b'));
  INSERT INTO odd SELECT n, 'back\slash' || n, '<a/>text<b/>', ARRAY['a', NULL], '-1 day -02:00', '2025-03-04 05:06+07',
    '\x00ff', 0.1 + n, 1234.5 FROM generate_series(1, 50) n;
  CREATE INDEX by_text ON odd ((s || 'x\ty')) WHERE s <> 'c\d';
  CREATE VIEW nulls AS SELECT * FROM odd WHERE s IS NULL OR s = 'q\r';
  CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE part_1 PARTITION OF parts DEFAULT; INSERT INTO parts VALUES (1);
  CREATE TABLE phones (id int PRIMARY KEY, phone text); INSERT INTO phones VALUES (1, '555-1234');"#;

/// What nobody should set, and somebody does.
const ODD_SETTINGS: [&str; 19] = [
    "standard_conforming_strings = off",
    "escape_string_warning = off",
    "array_nulls = off",
    "transform_null_equals = on",
    "xmloption = document",
    "xmlbinary = hex",
    "\"DateStyle\" = 'SQL, DMY'",
    "\"IntervalStyle\" = 'sql_standard'",
    "\"TimeZone\" = 'Asia/Kolkata'",
    "extra_float_digits = -10",
    "bytea_output = escape",
    "quote_all_identifiers = on",
    "search_path = pg_catalog",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_read_only = on",
    "default_transaction_deferrable = on",
    "exit_on_error = on",
    "gin_fuzzy_search_limit = 1",
    // Where it is named, partitioned tables refuse it.
    "default_tablespace = pg_default",
];

#[tokio::test]
async fn settings_of_roles_change_nothing() {
    let world = World::new(SCRIPT);
    for role in ["source_user", "target_user"] {
        for setting in ODD_SETTINGS {
            world.server.psql("postgres", &format!("ALTER ROLE {role} SET {setting}")).unwrap();
        }
    }
    let copy = world.copy("{}");
    world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    world.run(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));

    world
        .source(r"UPDATE odd SET s = 'new\' || id WHERE id > 40; INSERT INTO odd (id) VALUES (51)");
    let incremental = Incremental {
        source: copy.source.clone(),
        target: copy.target.clone(),
        mode: mode(r#"{"odd":{"mode":"upsert"}}"#),
        format: CopyFormat::Text,
        jobs: 1,
        schema_changes: SchemaChanges::Fail,
    };
    incremental.run(&Context::quiet()).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test]
async fn masking_masks_whatever_the_role_sets() {
    let world = World::new(SCRIPT);
    for setting in ["standard_conforming_strings = off", "xmloption = document"] {
        world.server.psql("postgres", &format!("ALTER ROLE source_user SET {setting}")).unwrap();
    }
    let copy = world.copy(
        r#"{"phones":{"columns":{"phone":"regexp_replace(phone, '\\d', 'X', 'g')"},"keep":["id"]}}"#,
    );
    copy.preflight_live(2).await.unwrap();
    let options = LiveOptions { verify: Verify::Checksums, ..world.live_options() };
    copy.live(&options, &Context::quiet()).await.unwrap();
    assert_eq!(world.target("SELECT phone FROM phones"), "XXX-XXXX");
}

/// The plain client that other crates take, too.
#[tokio::test]
async fn a_plain_client_has_the_same_settings() {
    let world = World::new("");
    for setting in ODD_SETTINGS {
        world.server.psql("postgres", &format!("ALTER ROLE target_user SET {setting}")).unwrap();
    }
    let client = pg_replicate::connect(&world.url("target_user", "target")).await.unwrap();
    let sql = "SELECT current_setting('standard_conforming_strings') || current_setting('xmloption') || current_setting('TimeZone')";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "oncontentUTC");
}

/// What is written as `$1,234.50` by one session is refused by another, or is something else there.
#[tokio::test]
async fn amounts_of_money_mean_the_same_everywhere() {
    let Some((server, _locales)) = server_speaking("fr_FR") else { return };
    let script = "CREATE TABLE prices (id int PRIMARY KEY, price money DEFAULT '7.50'::money);
                  INSERT INTO prices SELECT n, 1234.5 * n FROM generate_series(1, 3) n";
    let world = World::on(server, script);
    let copy = world.copy("{}");
    let prices = "SET lc_monetary = 'C'; SELECT price FROM prices ORDER BY id";
    for (role, other) in [("source_user", "target_user"), ("target_user", "source_user")] {
        let set = format!(
            "ALTER ROLE {role} SET lc_monetary = 'fr_FR.UTF-8'; ALTER ROLE {other} RESET lc_monetary"
        );
        world.server.psql("postgres", &set).unwrap();
        for way in ["live", "archive"] {
            if way == "live" {
                world.live(&copy).await.unwrap();
            } else {
                world.run(&copy).await.unwrap();
            }
            assert_eq!(world.target(prices), "$1,234.50\n$2,469.00\n$3,703.50", "{role}, {way}");
            world.target("INSERT INTO prices (id) VALUES (9)");
            let default = "SET lc_monetary = 'C'; SELECT price FROM prices WHERE id = 9";
            assert_eq!(world.target(default), "$7.50", "{role}, {way}");
        }
    }
}
