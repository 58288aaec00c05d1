//! Two fingerprints are equal exactly when the contents are.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{EVERY_OBJECT, World};
use pg_replicate::fingerprint::{self, Fingerprint};
use pg_replicate::{Error, TableName};
use progress::Context;

async fn all(world: &World, user: &str, database: &str) -> BTreeMap<TableName, Fingerprint> {
    let url = world.url(user, database);
    fingerprint::database(&url, |_| true, 2, None, &Context::quiet()).await.unwrap()
}

async fn on_source(world: &World) -> BTreeMap<TableName, Fingerprint> {
    all(world, "source_user", "source").await
}

async fn on_target(world: &World) -> BTreeMap<TableName, Fingerprint> {
    all(world, "target_user", "target").await
}

/// One schema for each content of a table with these columns: all fingerprints must be different.
async fn assert_all_different(columns: &str, contents: &[&str]) {
    use std::fmt::Write;
    let mut script = "CREATE TYPE pair AS (x int, y text);
        CREATE COLLATION blind (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);"
        .to_owned();
    for (number, content) in contents.iter().enumerate() {
        write!(script, "CREATE SCHEMA s{number}; CREATE TABLE s{number}.t ({columns});").unwrap();
        if !content.is_empty() {
            write!(script, "INSERT INTO s{number}.t VALUES {content};").unwrap();
        }
    }
    let found = on_source(&World::new(&script)).await;
    assert_eq!(found.len(), contents.len());
    let mut by_hash: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, fingerprint) in &found {
        let number: usize = name.schema[1..].parse().unwrap();
        by_hash.entry(fingerprint.hash.to_string()).or_default().push(contents[number]);
    }
    let equal: Vec<_> = by_hash.values().filter(|contents| contents.len() > 1).collect();
    assert!(equal.is_empty(), "have one hash: {equal:#?}");
}

#[tokio::test]
async fn no_two_contents_of_texts_have_one_hash() {
    assert_all_different(
        "a text, b text",
        &[
            "",
            "(NULL, NULL)",
            "('', NULL)",
            "(NULL, '')",
            "('', '')",
            "('NULL', '')",
            "('x', 'y')",
            "('y', 'x')",
            "('xy', '')",
            "('', 'xy')",
            "('xy', NULL)",
            "('x,y', '')",
            "('x', 'y'), ('x', 'y')",
            "('x', 'y'), ('x', 'y'), ('x', 'y')",
            "('x', 'y'), ('x', 'y'), ('x', 'y'), ('x', 'y')",
            "('x', 'y'), ('x', 'z')",
            "('x', 'y'), ('v', 'w')",
            "('x', 'w'), ('v', 'y')",
            "('v', 'w')",
            "('X', 'y')",
            "('x ', 'y')",
            "('é', 'y')",
            "('e\u{301}', 'y')",
        ],
    )
    .await;
}

#[tokio::test]
async fn no_two_contents_of_other_types_have_one_hash() {
    assert_all_different(
        "n numeric, f float8, j json, x xml, a text[], p pair, b bytea, c \"char\", t timestamptz,
         i interval, w text COLLATE blind, l int8",
        &[
            "(1.0)",
            "(1.00)",
            "('NaN')",
            "(NULL)",
            "(NULL, 0)",
            "(NULL, '-0')",
            "(NULL, 'NaN')",
            "(NULL, 0.1)",
            "(NULL, '0.1'::float8 + '0.2'::float8)",
            "(NULL, 0.3)",
            "(NULL, NULL, '{\"a\": 1}')",
            "(NULL, NULL, '{\"a\":1}')",
            "(NULL, NULL, 'null')",
            "(NULL, NULL, NULL, '<a/>')",
            "(NULL, NULL, NULL, '<a></a>')",
            "(NULL, NULL, NULL, '')",
            "(NULL, NULL, NULL, NULL, '{}')",
            "(NULL, NULL, NULL, NULL, '{NULL}')",
            "(NULL, NULL, NULL, NULL, '{\"NULL\"}')",
            "(NULL, NULL, NULL, NULL, '{a,b}')",
            "(NULL, NULL, NULL, NULL, '{\"a,b\"}')",
            "(NULL, NULL, NULL, NULL, '[2:3]={a,b}')",
            "(NULL, NULL, NULL, NULL, NULL, ROW(NULL, NULL))",
            "(NULL, NULL, NULL, NULL, NULL, ROW(NULL, ''))",
            "(NULL, NULL, NULL, NULL, NULL, ROW(1, 'x'))",
            "(NULL, NULL, NULL, NULL, NULL, NULL, '')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, '\\x00')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, '\\x0000')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, '')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\\200')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\\201')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'infinity')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00.000001+00')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00+00')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1 day')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '24 hours')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'A')",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0)",
            "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4294967297)",
        ],
    )
    .await;
}

/// A table with these columns, filled in this order; the same content whatever the settings.
fn filled(columns: &[&str], order: &str) -> String {
    format!(
        "CREATE SCHEMA s; CREATE TABLE s.seen (id int); CREATE TABLE s.t ({columns});
         INSERT INTO s.t (id, at, day, span, ratio, single, price, raw, note, class, open, spans)
         SELECT n.n, timestamptz '2020-06-01 12:00+00' + n * interval '1 s', date '2020-01-02' + n,
           n * interval '1 day 2:03', n / 3.0, n / 7.0, n::numeric::money, sha256(n::text::bytea),
           'é' || n, 's.seen', tstzrange(timestamptz '2020-01-02 00:00+00' + n * interval '1 s', NULL),
           ARRAY[n * interval '-1 mon 3 s']
         FROM generate_series(1, 5000) AS n (n) ORDER BY n.n {order};",
        columns = columns.join(", ")
    )
}

#[tokio::test]
async fn order_and_settings_do_not_count() {
    let columns = [
        "id bigint PRIMARY KEY",
        "at timestamptz",
        "day date",
        "span interval",
        "ratio float8",
        "single real",
        "price money",
        "raw bytea",
        "note text",
        "class regclass",
        "open tstzrange",
        "spans interval[]",
        "loud text GENERATED ALWAYS AS (upper(note)) STORED",
    ];
    let world = World::new(&filled(&columns, ""));
    for setting in [
        "TimeZone = 'Asia/Kathmandu'",
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'iso_8601'",
        "extra_float_digits = -3",
        "bytea_output = 'escape'",
        "search_path = 's'",
        "quote_all_identifiers = on",
        "parallel_setup_cost = 0",
        "parallel_tuple_cost = 0",
        "min_parallel_table_scan_size = 0",
        "standard_conforming_strings = off",
        "xmloption = 'document'",
    ] {
        world.server.psql("postgres", &format!("ALTER DATABASE target SET {setting}")).unwrap();
    }
    let reversed: Vec<&str> = columns.into_iter().rev().collect();
    world.target(&filled(&reversed, "DESC"));
    let (source, target) = (on_source(&world).await, on_target(&world).await);
    assert_eq!(source[&TableName::new("s", "t")].rows, 5000);
    assert_eq!(source, target);
    // Moved on disk, not changed; what is generated follows from the rest.
    world.target("UPDATE s.t SET id = id; ALTER TABLE s.t DROP loud; ALTER TABLE s.t ALTER note SET NOT NULL");
    assert_eq!(source, on_target(&world).await);
    world.target("UPDATE s.t SET at = at + interval '1 us' WHERE id = 77");
    assert_ne!(source, on_target(&world).await);
}

#[tokio::test]
async fn every_type_of_the_every_object_schema() {
    let world = World::new(EVERY_OBJECT);
    let copy = world.copy("{}");
    world.run(&copy).await.unwrap();
    let (source, target) = (on_source(&world).await, on_target(&world).await);
    assert_eq!(source, target);
    let names: BTreeSet<String> = source.keys().map(ToString::to_string).collect();
    for name in ["users", "no_columns", "events_2025", "events sad", "animals", "dogs", "scratch"] {
        assert!(names.contains(name), "{name} is missing: {names:?}");
    }
    assert!(!names.contains("events"), "a partitioned table has no rows of its own");
    let rows = |name: &str| source[&TableName::new("public", name)].rows;
    assert_eq!((rows("animals"), rows("dogs")), (1, 1), "rows of a child are not its parent's");
    assert_eq!((rows("users"), rows("no_columns"), rows("empty_table")), (300, 1, 0));
    assert_eq!(
        source[&TableName::new("public", "empty_table")].hash.to_string(),
        "0000000000000000"
    );
}

#[tokio::test]
async fn the_encoding_of_the_server_does_not_count() {
    let world = World::new("");
    let script = "CREATE TABLE t (id int, \"é\" text, words text[], day date, raw bytea);
        INSERT INTO t VALUES (1, 'déjà vu', ARRAY['ü', NULL], '2026-01-01', '\\xe9'), (2, '', '{}', NULL, ''),
          (3, NULL, NULL, NULL, NULL), (4, repeat('aé', 3000), ARRAY['ascii'], 'infinity', NULL);";
    for (name, encoding) in [("one", "UTF8"), ("two", "LATIN1"), ("three", "EUC_JP")] {
        let create = format!(
            "CREATE DATABASE {name} OWNER producer TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
        );
        world.server.psql("postgres", &create).unwrap();
        world.server.psql(name, &format!("SET client_encoding = 'UTF8'; {script}")).unwrap();
    }
    let of = async |name| all(&world, "source_user", name).await;
    let utf8 = of("one").await;
    assert_eq!(utf8, of("two").await, "LATIN1");
    assert_eq!(utf8, of("three").await, "EUC_JP");
    world.server.psql("two", "UPDATE t SET id = 9 WHERE id = 4").unwrap();
    assert_ne!(utf8, of("two").await);
}

async fn one(world: &World, user: &str, database: &str, table: &str) -> Fingerprint {
    let (url, context) = (world.url(user, database), Context::quiet());
    let is_wanted = |name: &TableName| name.name == table;
    let found = fingerprint::database(&url, is_wanted, 1, None, &context).await.unwrap();
    *found.values().next().unwrap()
}

#[tokio::test]
async fn as_many_columns_as_there_can_be() {
    let table = |numbers: &mut dyn Iterator<Item = u32>| {
        let columns: Vec<String> = numbers.map(|number| format!("c{number} int")).collect();
        format!(
            "CREATE TABLE wide ({}); INSERT INTO wide (c7, c1599) VALUES (7, 1599)",
            columns.join(",")
        )
    };
    let world = World::new(&table(&mut (1..=1600)));
    world.target(&table(&mut (1..=1600).rev()));
    let before = one(&world, "source_user", "source", "wide").await;
    assert_eq!(one(&world, "target_user", "target", "wide").await, before);
    for change in ["c1599 = 0", "c1599 = NULL", "c300 = 0", "c7 = 1599, c1599 = 7"] {
        world.target(&format!(
            "UPDATE wide SET c7 = 7, c1599 = 1599, c300 = NULL; UPDATE wide SET {change}"
        ));
        assert_ne!(one(&world, "target_user", "target", "wide").await, before, "{change}");
    }
}

#[tokio::test]
async fn big_values() {
    let world = World::new(
        "CREATE TABLE big (raw bytea, note text);
         ALTER TABLE big ALTER raw SET STORAGE EXTERNAL, ALTER note SET STORAGE EXTERNAL;
         INSERT INTO big VALUES (decode(repeat('00ff', 50000000), 'hex'), repeat('\"', 60000000));",
    );
    let before = one(&world, "source_user", "source", "big").await;
    world.source("UPDATE big SET raw = set_byte(raw, 99999999, 1)");
    let changed = one(&world, "source_user", "source", "big").await;
    assert_ne!(changed, before);
    world.source("UPDATE big SET note = note || 'x'");
    assert_ne!(one(&world, "source_user", "source", "big").await, changed);
}

#[tokio::test]
async fn hidden_rows_are_an_error() {
    let world = World::new(
        "CREATE TABLE a (id int); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
         CREATE POLICY p ON a USING (id > 1); INSERT INTO a VALUES (1), (2);",
    );
    assert_eq!(on_source(&world).await[&TableName::new("public", "a")].rows, 2);
    world.server.psql("postgres", "ALTER ROLE source_user NOBYPASSRLS").unwrap();
    let url = world.url("source_user", "source");
    let context = Context::quiet();
    let error = fingerprint::database(&url, |_| true, 1, None, &context).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error}");
    assert!(error.to_string().starts_with("read the content of a: "), "{error}");
    // Not looked at, no error.
    let none = fingerprint::database(&url, |table| table.name != "a", 1, None, &context);
    assert!(none.await.unwrap().is_empty());
}

#[tokio::test]
async fn of_an_extension_only_what_its_users_fill() {
    let world = World::new("CREATE TABLE own (id int); CREATE TABLE config (id int, is_own bool);");
    world.source("INSERT INTO config VALUES (1, false), (2, true)");
    world
        .server
        .psql(
            "source",
            "CREATE EXTENSION citext; ALTER EXTENSION citext ADD TABLE own;
             ALTER EXTENSION citext ADD TABLE config;
             UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid],
               extcondition = ARRAY['WHERE is_own'] WHERE extname = 'citext'",
        )
        .unwrap();
    let found = on_source(&world).await;
    let rows: Vec<(String, u64)> =
        found.iter().map(|(name, found)| (name.to_string(), found.rows)).collect();
    assert_eq!(rows, [("config".to_owned(), 1)]);
}
