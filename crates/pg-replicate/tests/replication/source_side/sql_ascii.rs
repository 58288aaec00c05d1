//! Bytes of a database that knows no encoding pass as they are, wherever rows are copied.

use pg_replicate::database_snapshot::{DatabaseSnapshot, DumpFormat};
use pg_replicate::load::{ExportData, LoadData, LoadSource};
use pg_replicate::verify::{self, Verify};
use pg_replicate::{CopyFormat, FullCopy, Incremental, SchemaChanges, fingerprint, fixtures};
use progress::Context;

use crate::support::{World, assert_same_text, mode};

const TABLES: &str = "SET ROLE producer;
    CREATE TABLE app_text (id int PRIMARY KEY, body text); CREATE TABLE app_plain (id int PRIMARY KEY);
    INSERT INTO app_text VALUES (1, E'caf\\xe9'), (2, 'plain'); INSERT INTO app_plain VALUES (1);";

const HEX: &str = "SELECT string_agg(id || encode(convert_to(body, 'SQL_ASCII'), 'hex'), ' ' ORDER BY id) FROM app_text";

/// A server with a source and a target that know no encoding.
fn world() -> World {
    let world = World::new("");
    for (database, owner) in [("ascii", "producer"), ("ascii_copy", "target_user")] {
        let sql = format!(
            "CREATE DATABASE {database} OWNER {owner} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
        );
        world.server.psql("postgres", &sql).unwrap();
    }
    world
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_copied_everywhere() {
    let world = world();
    let psql = |database: &str, sql: &str| world.server.psql(database, sql).unwrap();
    psql("ascii", TABLES);
    let (source, target) =
        (world.url("source_user", "ascii"), world.url("target_user", "ascii_copy"));
    let context = Context::quiet();
    let copy = FullCopy { source: source.clone(), target: target.clone(), ..world.copy("{}") };
    // Verified by checksums, too.
    world.live(&copy).await.unwrap();
    assert_eq!(psql("ascii_copy", HEX), psql("ascii", HEX));
    world.run(&copy).await.unwrap();
    assert_eq!(psql("ascii_copy", HEX), psql("ascii", HEX));

    for format in [CopyFormat::Text, CopyFormat::Binary] {
        psql(
            "ascii",
            "INSERT INTO app_text SELECT max(id) + 1, E'\\xff\\xfe' FROM app_text; UPDATE app_text SET body = body || E'\\xe0' WHERE id = 2",
        );
        let incremental = Incremental {
            source: source.clone(),
            target: target.clone(),
            mode: mode(r#"{"app_text":{"mode":"upsert","deletes":true}}"#),
            format,
            jobs: 1,
            schema_changes: SchemaChanges::Fail,
        };
        incremental.run(&context).await.unwrap();
        assert_eq!(psql("ascii_copy", HEX), psql("ascii", HEX), "{format:?}");
    }
    let none = mode("{}");
    let report = verify::compare(&source, &target, &none, Verify::Checksums, 1, &context);
    assert!(report.await.unwrap().is_equal());

    let file = world.directory.path().join("data.sql");
    let export = ExportData { source: source.clone(), excluded: Vec::new(), truncates: false };
    export.run(&file, &context).await.unwrap();
    for from in [LoadSource::Database(source.clone()), LoadSource::Script(file.clone())] {
        psql("ascii_copy", "UPDATE app_text SET body = 'changed'");
        let load = LoadData {
            sources: vec![from.clone()],
            target: target.clone(),
            excluded: Vec::new(),
            truncates: true,
            allows_new_columns: false,
        };
        load.run(&context).await.unwrap();
        assert_eq!(psql("ascii_copy", HEX), psql("ascii", HEX), "{from}");
    }

    let moment = DatabaseSnapshot::open(&source, &context).await.unwrap();
    let snapshot = Some(moment.snapshot());
    fingerprint::database(&source, |_| true, 1, snapshot, &context).await.unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    let written =
        fixtures::write(&source, |_| true, |_, _| None, snapshot, directory.path(), &context).await;
    let written = written.unwrap();
    // JSON is UTF-8.
    let left_out: Vec<String> =
        written.left_out.iter().map(|one| format!("{}: {}", one.table, one.reason)).collect();
    assert_eq!(left_out, ["app_text: its texts are not UTF-8, as JSON has to be"]);
    assert_eq!(written.files.len(), 1);
    assert_eq!(directory.path().read_dir().unwrap().count(), 1);
    moment.dump(DumpFormat::Custom, &world.dump(), (0.0, 100.0), &context).await.unwrap();
    drop(moment);
    psql("ascii_copy", "UPDATE app_text SET body = 'changed'");
    copy.drop_objects(&context).await.unwrap();
    copy.restore(&world.dump(), &context).await.unwrap();
    assert_eq!(psql("ascii_copy", HEX), psql("ascii", HEX));
}

/// Keys are read and compared by this program, too: of text, in ranges and for deletes.
#[tokio::test]
async fn keys_that_are_no_utf8_are_compared() {
    let world = world();
    let psql = |database: &str, sql: &str| world.server.psql(database, sql).unwrap();
    let tables = "CREATE TABLE words (word text PRIMARY KEY, n int);
                  CREATE TABLE plain (id text PRIMARY KEY);";
    psql("ascii", &format!("SET ROLE producer; {tables}"));
    psql("ascii_copy", &format!("SET ROLE target_user; {tables}"));
    psql("ascii_copy", "INSERT INTO plain VALUES (E'caf\\xe9')");
    psql(
        "ascii",
        r"INSERT INTO words VALUES (E'caf\xe9', 1), (E'it''s \\ \xff\xfe', 2), ('plain', 3), (E'\xe0\\', 4);
          INSERT INTO plain VALUES (E'caf\xe9'), (E'caf\xea''\\')",
    );
    let hex = "SELECT string_agg(encode(convert_to(word, 'SQL_ASCII'), 'hex') || n, ' ' ORDER BY word) FROM words;
               SELECT string_agg(encode(convert_to(id, 'SQL_ASCII'), 'hex'), ' ' ORDER BY id) FROM plain";
    let incremental = Incremental {
        source: world.url("source_user", "ascii"),
        target: world.url("target_user", "ascii_copy"),
        mode: mode(r#"{"words":{"mode":"upsert","deletes":true},"plain":"incremental"}"#),
        format: CopyFormat::Text,
        jobs: 1,
        schema_changes: SchemaChanges::Fail,
    };
    for change in [
        "SELECT 1",
        r"UPDATE words SET n = 9 WHERE word = E'it''s \\ \xff\xfe'; DELETE FROM words WHERE word = E'caf\xe9'",
        r"INSERT INTO words VALUES (E'\xff\xff', 7); INSERT INTO plain VALUES (E'\xff')",
    ] {
        psql("ascii", change);
        incremental.run(&Context::quiet()).await.unwrap();
        assert_eq!(psql("ascii_copy", hex), psql("ascii", hex), "{change}");
    }
}

/// Bytes that are no UTF-8 in definitions: where the target knows no encoding they are copied, elsewhere they are named
/// before anything is changed.
#[tokio::test]
async fn definitions_that_are_no_utf8_are_copied_or_refused() {
    let world = world();
    let script = world.directory.path().join("definitions.sql");
    let text = b"SET ROLE producer;
        CREATE TABLE menu (id int PRIMARY KEY, body text DEFAULT 'caf\xe9' CHECK (body <> '\xe8'));
        INSERT INTO menu VALUES (1); CREATE INDEX partly ON menu (id) WHERE body = '\xea';
        CREATE FUNCTION already() RETURNS text LANGUAGE sql AS 'SELECT ''d\xe9j\xe0''::text';
        CREATE VIEW words AS SELECT 'No\xebl'::text AS word;
        COMMENT ON TABLE menu IS 'caf\xe9';";
    std::fs::write(&script, text).unwrap();
    let run = std::process::Command::new(world.server.bin_dir().join("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&script)
        .arg(world.server.superuser_url("ascii"))
        .status();
    assert!(run.unwrap().success());
    let source = world.url("source_user", "ascii");
    let target = world.url("target_user", "ascii_copy");
    let copy = FullCopy { source: source.clone(), target, ..world.copy_in_place("{}") };
    for _ in 0..2 {
        world.live(&copy).await.unwrap();
        assert_same_text(&world.dump_text("ascii", &[]), &world.dump_text("ascii_copy", &[]));
        world.run(&copy).await.unwrap();
        assert_same_text(&world.dump_text("ascii", &[]), &world.dump_text("ascii_copy", &[]));
    }
    DatabaseSnapshot::open(&source, &Context::quiet()).await.unwrap();

    world.target("CREATE TABLE yesterday (id int)");
    let copy = FullCopy { source, ..world.copy("{}") };
    let archive = copy.preflight_restore(&world.dump()).await;
    for refused in [
        world.live(&copy).await.unwrap_err(),
        world.run(&copy).await.unwrap_err(),
        archive.unwrap_err(),
    ] {
        let text = refused.to_string();
        assert!(matches!(refused, pg_replicate::Error::Preflight(_)), "{text}");
        for object in
            ["TABLE public.menu", "FUNCTION public.already()", "VIEW public.words", "INDEX"]
        {
            assert!(text.contains(object), "{object} in {text}");
        }
        assert!(!text.contains("COMMENT"), "{text}");
    }
    assert_eq!(world.target("SELECT to_regclass('yesterday')"), "yesterday");
}
