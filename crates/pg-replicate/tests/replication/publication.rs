//! A copy that is built beside the live one: readers see the old copy or the new one, whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::events::Events;
use crate::support::{EVERY_OBJECT, WITHOUT_RANGES, World, assert_same_text};
use pg_replicate::freshness::RunStart;
use pg_replicate::{Error, FullCopy, LiveOptions, Publish, connect};
use progress::Context;
use test_servers::wait_for_async;
use tokio::task::JoinHandle;

const LIMIT: Duration = Duration::from_secs(100);

/// Two tables that a reader joins: of each copy, all rows have one mark.
const SOURCE: &str = "
  CREATE TABLE a (id int PRIMARY KEY, mark text); CREATE TABLE b (id int PRIMARY KEY REFERENCES a, mark text);
  INSERT INTO a SELECT n, 'old' FROM generate_series(1, 500) n; INSERT INTO b SELECT id, mark FROM a;
  CREATE VIEW joined AS SELECT a.mark AS a, b.mark AS b FROM a JOIN b USING (id);";

const CHANGE: &str = "UPDATE a SET mark = 'new'; UPDATE b SET mark = 'new';";

/// What readers may find: complete rows of one copy.
const READ: &str = "SELECT count(*) || min(a) || max(a) || min(b) || max(b) FROM public.joined";

fn swap(world: &World, mode: &str) -> FullCopy {
    FullCopy { publish: Publish::Swap, ..world.copy(mode) }
}

/// Reads all the time, also through a prepared statement.
struct Reader {
    is_over: Arc<AtomicBool>,
    task: JoinHandle<Vec<String>>,
}

impl Reader {
    async fn start(world: &World, sql: &'static str) -> Self {
        let client = connect(&world.url("target_user", "target")).await.unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_over);
        let task = tokio::spawn(async move {
            client.batch_execute("SET lock_timeout = 0; SET search_path = public").await.unwrap();
            let prepared = client.prepare(sql).await.unwrap();
            let mut seen: Vec<String> = Vec::new();
            loop {
                let is_last = stop.load(Ordering::Relaxed);
                let answers =
                    [client.query_one(&prepared, &[]).await, client.query_one(sql, &[]).await];
                for answer in answers {
                    let text: String = match answer {
                        Ok(row) => row.get(0),
                        Err(error) => format!("{:?}", error.as_db_error()),
                    };
                    if seen.last() != Some(&text) {
                        seen.push(text);
                    }
                }
                if is_last {
                    return seen;
                }
            }
        });
        Self { is_over, task }
    }

    /// What it read, without repetitions.
    async fn end(self) -> Vec<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_the_old_copy_or_the_new_one() {
    // With an extension's objects, which may not be renamed away, tables are moved instead.
    for extension in ["", "CREATE EXTENSION pg_trgm SCHEMA public"] {
        let world = World::new(SOURCE);
        for database in ["source", "target"] {
            world.server.psql(database, extension).unwrap();
        }
        let copy = swap(&world, "{}");
        world.live(&copy).await.unwrap();
        let reader = Reader::start(&world, READ).await;
        world.source(CHANGE);
        world.live(&copy).await.unwrap();
        let seen = reader.end().await;
        assert_eq!(seen, ["500oldoldoldold", "500newnewnewnew"], "{extension}");
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_is_not_waited_for_when_schemas_are_renamed() {
    let world = World::new(SOURCE);
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    let mut client = connect(&world.url("target_user", "target")).await.unwrap();
    let reading = client.transaction().await.unwrap();
    reading.query_one("SELECT count(*) FROM public.a", &[]).await.unwrap();
    world.source(CHANGE);
    world.live(&copy).await.unwrap();
    assert_eq!(world.target(READ), "500newnewnewnew");
    // What it reads is dropped by the next copy.
    assert_eq!(world.target("SELECT count(*) FROM replication_old_1.a"), "500");
    reading.commit().await.unwrap();
    world.live(&copy).await.unwrap();
    assert_eq!(
        world.target("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^replication'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_built_on_the_old_copy_meanwhile_is_not_dropped_silently() {
    let world = World::new(SOURCE);
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    let script = "CREATE ROLE analyst; CREATE SCHEMA reports AUTHORIZATION analyst; GRANT SELECT ON a TO analyst";
    world.server.psql("target", script).unwrap();
    let mut client = connect(&world.server.superuser_url("target").parse().unwrap()).await.unwrap();
    let open = client.transaction().await.unwrap();
    open.batch_execute(
        "SET LOCAL ROLE analyst; CREATE VIEW reports.late AS SELECT id FROM public.a",
    )
    .await
    .unwrap();
    world.live(&copy).await.unwrap();
    open.commit().await.unwrap();
    world.live(&copy).await.unwrap();
    assert_eq!(world.target("SELECT count(*) FROM pg_views WHERE viewname = 'late'"), "1");
    // Once it is gone, so is what it was built on.
    world.server.psql("target", "DROP VIEW reports.late").unwrap();
    world.live(&copy).await.unwrap();
    assert_eq!(
        world.target("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^replication_[no]'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_is_given_way_when_tables_are_moved() {
    let world = World::new(SOURCE);
    world.server.psql("target", "CREATE EXTENSION pg_trgm SCHEMA public").unwrap();
    let mut copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    copy.on_target.lock_timeout = Duration::from_secs(1);
    let mut client = connect(&world.url("target_user", "target")).await.unwrap();
    let reading = client.transaction().await.unwrap();
    reading.query_one("SELECT count(*) FROM public.a", &[]).await.unwrap();
    world.source(CHANGE);
    let reader = Reader::start(&world, READ).await;
    let error = world.live(&copy).await.unwrap_err();
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    assert_eq!(reader.end().await, ["500oldoldoldold"]);
    reading.commit().await.unwrap();
    world.live(&copy).await.unwrap();
    assert_eq!(world.target(READ), "500newnewnewnew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_leaves_the_last_one() {
    let world = World::new(SOURCE);
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    let before = world.dump_text("target", &[]);
    let reader = Reader::start(&world, READ).await;
    // A check that only the target refuses.
    world.source(&format!(
        "{CHANGE} CREATE FUNCTION f(int) RETURNS bool LANGUAGE plpgsql AS
           $$BEGIN RETURN current_database() = 'source'; END$$;
         ALTER TABLE b ADD CHECK (public.f(id))"
    ));
    let error = world.live(&copy).await.unwrap_err();
    assert!(matches!(error, Error::Restore(_)), "{error:?}");
    assert!(!error.to_string().contains("replication_next"), "{error}");
    assert_eq!(reader.end().await, ["500oldoldoldold"]);
    let is_built = |line: &String| line.contains("replication_next");
    let after: Vec<String> = world.dump_text("target", &["--exclude-schema=replication_next_*"]);
    assert!(!after.iter().any(is_built));
    assert_same_text(&before, &after);
    world.source("ALTER TABLE b DROP CONSTRAINT b_id_check");
    world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

/// So that public can be renamed.
const EXTENSIONS_ELSEWHERE: &str =
    "ALTER EXTENSION pgcrypto SET SCHEMA trgm; ALTER EXTENSION citext SET SCHEMA trgm;
  ALTER EXTENSION hstore SET SCHEMA trgm; ALTER EXTENSION btree_gist SET SCHEMA trgm;";

#[tokio::test]
async fn every_kind_of_object_is_published_either_way() {
    for change in [WITHOUT_RANGES, EXTENSIONS_ELSEWHERE] {
        let world = World::new(EVERY_OBJECT);
        world.server.psql("source", change).unwrap();
        let copy = swap(&world, "{}");
        for _ in 0..3 {
            world.live(&copy).await.unwrap();
            assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
        }
    }
}

#[tokio::test]
async fn a_superuser_moves_range_types_too() {
    let world = World::new(EVERY_OBJECT);
    let mut copy = swap(&world, "{}");
    let error = world.live(&copy).await.unwrap_err().to_string();
    assert!(error.contains("constructors of range type public.float_range"), "{error}");
    copy.target = world.server.superuser_url("target").parse().unwrap();
    for _ in 0..2 {
        world.live(&copy).await.unwrap();
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cut_anywhere_leaves_one_that_is_whole() {
    let world = World::new(&format!("{EVERY_OBJECT}\n;{WITHOUT_RANGES}"));
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    world.source("CREATE TABLE mark (id int); INSERT INTO mark VALUES (1)");
    let whole = Instant::now();
    world.live(&copy).await.unwrap();
    let whole = whole.elapsed();
    world.source("ALTER TABLE mark ADD COLUMN more int");
    // Large objects that are not published yet have other numbers.
    let old = world.dump_text("target", &["--no-blobs"]);
    let new = world.dump_text("source", &["--no-blobs"]);
    for part in 1..=8 {
        let (options, its) = (world.live_options(), copy.clone());
        let work = tokio::spawn(async move { its.live(&options, &Context::quiet()).await });
        // At any moment; nothing is expected of the time.
        let _ = tokio::time::timeout(whole * part / 8, async {
            wait_for_async(LIMIT, async || work.is_finished()).await
        })
        .await;
        work.abort();
        let gone = async || world.sessions("pg-replicate%") == 0;
        assert!(wait_for_async(LIMIT, gone).await, "sessions are left");
        let mut found =
            world.dump_text("target", &["--exclude-schema=replication_*", "--no-blobs"]);
        // Casts of types that are built have no schema.
        found.retain(|line| !line.contains("replication_next_"));
        let lines = |text: &[String]| -> Vec<String> {
            text.iter().filter(|line| !line.is_empty() && *line != "--").cloned().collect()
        };
        if lines(&found) != lines(&old) {
            assert_same_text(&lines(&new), &lines(&found));
        }
    }
    world.live(&copy).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_tables_stay_as_they_are() {
    let world = World::new(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE kept (id int PRIMARY KEY, mood mood);
         CREATE TABLE other (id int PRIMARY KEY, mood mood, name text); INSERT INTO kept VALUES (1, 'ok');
         INSERT INTO other VALUES (1, 'sad', 'x'); CREATE VIEW v AS SELECT k.id, o.name FROM kept k JOIN other o USING (id)",
    );
    world.live(&swap(&world, "{}")).await.unwrap();
    world.target("INSERT INTO kept VALUES (2, 'ok'); GRANT SELECT ON kept TO producer");
    let facts = "SELECT 'kept'::regclass::oid, relacl, (SELECT count(*) FROM kept) FROM pg_class WHERE relname = 'kept'";
    let before = world.target(facts);
    world.source("INSERT INTO kept VALUES (9, 'sad'); UPDATE other SET name = 'y'");
    world.live(&swap(&world, r#"{"kept": "none"}"#)).await.unwrap();
    assert_eq!(world.target(facts), before);
    assert_eq!(world.target("SELECT * FROM v"), "1|y");
    assert_eq!(
        world.target("SELECT other.mood = kept.mood FROM other, kept WHERE kept.id = 1"),
        "f"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_functions_mean_the_new_copy_while_it_is_built_and_afterwards() {
    let world = World::new(
        "CREATE TABLE rate (r int); INSERT INTO rate VALUES (1);
         CREATE FUNCTION rate() RETURNS int STABLE LANGUAGE sql SET search_path TO 'public' AS 'SELECT max(r) FROM rate';
         CREATE FUNCTION times(int) RETURNS int STABLE LANGUAGE plpgsql AS $$BEGIN RETURN $1 * public.rate(); END$$;
         CREATE MATERIALIZED VIEW m AS SELECT public.times(10) AS total",
    );
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    world.source("UPDATE rate SET r = 2; REFRESH MATERIALIZED VIEW m");
    world.live(&copy).await.unwrap();
    assert_eq!(world.target("SELECT total, public.times(100) FROM m"), "20|200");
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test]
async fn large_objects_of_others_are_found_before_anything_is_built() {
    let world = World::new("CREATE TABLE a (id int); SELECT lo_from_bytea(70000, 'mine');");
    world.server.psql("target", "SELECT lo_from_bytea(70000, 'theirs')").unwrap();
    let error = world.live(&swap(&world, "{}")).await.unwrap_err().to_string();
    assert!(error.contains("large object 70000 of the target belongs to another role"), "{error}");
    assert_eq!(
        world.target("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^replication'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_built_beside_is_refused_and_changes_nothing() {
    let world = World::new("CREATE TABLE t (c regclass, f regtype, l regconfig)");
    let copy = swap(&world, "{}");
    world.live(&copy).await.unwrap();
    world.source("INSERT INTO t VALUES (NULL, 'integer', 'english')");
    world.live(&copy).await.unwrap();
    world.source("INSERT INTO t VALUES ('t')");
    let error = world.live(&copy).await.unwrap_err().to_string();
    assert!(
        error.contains("column c of t holds names") && error.contains("PUBLISH=in-place"),
        "{error}"
    );
    assert_eq!(world.target("SELECT count(*) FROM t"), "1");
    world.source(
        "TRUNCATE t; CREATE SCHEMA replication_next_7; CREATE TABLE replication_next_7.x ()",
    );
    let error = world.live(&copy).await.unwrap_err().to_string();
    assert!(error.contains("replication_next_7"), "{error}");
}

#[tokio::test]
async fn rows_and_their_freshness_are_of_one_copy() {
    const ROWS_AND_RUN: &str = "SELECT (SELECT min(mark) FROM public.a) || ' ' ||
        (SELECT run_id FROM replication.copied_table WHERE table_name = 'a')";
    let world = World::new(SOURCE);
    let copy = FullCopy { freshness_schema: Some("replication".into()), ..swap(&world, "{}") };
    let run = async |id: &str| {
        let started_at = std::time::SystemTime::now();
        let run = RunStart { id: id.into(), method: "live".into(), started_at };
        let options = LiveOptions { run: Some(run), ..world.live_options() };
        copy.live(&options, &Context::quiet()).await.unwrap();
    };
    run("first").await;
    let reader = Reader::start(&world, ROWS_AND_RUN).await;
    world.source(CHANGE);
    run("second").await;
    assert_eq!(reader.end().await, ["old first", "new second"]);
    // Of which moment the last copy is, is said when the next one fails.
    let moment = world.target("SELECT max(snapshot_at)::text FROM replication.copied_table");
    world.source("CREATE TABLE of_names (c regclass); INSERT INTO of_names VALUES ('a')");
    let (events, guard) = Events::capture();
    copy.live(&world.live_options(), &Context::quiet()).await.unwrap_err();
    drop(guard);
    let told = format!(
        "Nothing was published: readers still have the last copy, of the source at {}",
        &moment[..19]
    );
    let lines: Vec<String> = events.all().into_iter().map(|event| event.message).collect();
    assert!(lines.iter().any(|line| line.starts_with(&told)), "{told}: {lines:?}");
    let rows = "SELECT rows, verified, mode FROM replication.copied_table WHERE table_name = 'b'";
    assert_eq!(world.target(rows), "500|t|full");
}

#[tokio::test]
async fn the_way_of_the_publication_is_told() {
    let world = World::new(SOURCE);
    let copy = swap(&world, "{}");
    for (before, way) in [
        ("", "by renaming schemas: no table is locked"),
        (
            "CREATE EXTENSION pg_trgm SCHEMA public",
            "schema public cannot be renamed: it holds objects of an extension",
        ),
    ] {
        world.server.psql("target", before).unwrap();
        let (events, guard) = Events::capture();
        world.live(&copy).await.unwrap();
        drop(guard);
        let lines: Vec<String> = events.all().into_iter().map(|event| event.message).collect();
        assert!(lines.iter().any(|line| line.contains(way)), "{way}: {lines:?}");
        assert!(lines.contains(&"Published: readers see the new copy".to_owned()), "{lines:?}");
    }
}

#[tokio::test]
async fn tables_and_aliases_may_be_named_like_schemas() {
    let world = World::new(
        "CREATE SCHEMA users; CREATE TABLE users.users (id int PRIMARY KEY, name text); CREATE TABLE users.roles (id int);
         INSERT INTO users.users VALUES (1, 'a'); INSERT INTO users.roles VALUES (1);
         CREATE FUNCTION users.twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
         CREATE VIEW users.v AS SELECT users.name, users.twice(users.id) FROM users.users JOIN users.roles USING (id);
         CREATE VIEW a AS SELECT public.name FROM users.users public;
         CREATE MATERIALIZED VIEW b AS WITH public AS (SELECT 1 AS id) SELECT public.id FROM public JOIN a ON a.name = 'a';
         CREATE TABLE c (s regnamespace DEFAULT 'users'::regnamespace);
         CREATE POLICY p ON users.users USING (users.id > 0 AND EXISTS (SELECT FROM users.roles r WHERE r.id = users.id))",
    );
    for _ in 0..2 {
        world.live(&swap(&world, "{}")).await.unwrap();
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    }
}

#[tokio::test]
async fn schemas_of_roles_that_ours_is_a_member_of_stay() {
    let world =
        World::new("CREATE SCHEMA app; CREATE TABLE app.t (id int); CREATE TABLE t (id int)");
    let roles = "CREATE ROLE owners; GRANT owners TO target_user; CREATE SCHEMA app AUTHORIZATION owners; CREATE ROLE analyst;
         ALTER DEFAULT PRIVILEGES FOR ROLE analyst IN SCHEMA app GRANT SELECT ON TABLES TO producer;
         ALTER DEFAULT PRIVILEGES FOR ROLE analyst IN SCHEMA public GRANT SELECT ON TABLES TO producer;
         CREATE SCHEMA replication_old_9 AUTHORIZATION owners";
    world.server.psql("target", roles).unwrap();
    let facts = "SELECT (SELECT string_agg(nspname || ' of ' || nspowner::regrole, ', ' ORDER BY nspname) FROM pg_namespace
             WHERE nspname ~ '^(app|public|replication_[^p])'),
           (SELECT string_agg(defaclnamespace::regnamespace::text, ', ' ORDER BY 1) FROM pg_default_acl)";
    let before = world.target(facts);
    assert!(before.ends_with("|app, public"), "{before}");
    for _ in 0..2 {
        world.live(&swap(&world, "{}")).await.unwrap();
        assert_eq!(world.target(facts), before);
    }
}

#[tokio::test]
async fn blocks_and_routines_of_an_enrichment_mean_the_new_copy() {
    let world = World::new("CREATE TABLE t (id int, mark text); INSERT INTO t VALUES (1, 'new')");
    let copy = swap(&world, "{}");
    let script = "DO $$BEGIN UPDATE public.t SET mark = 'enriched'; EXECUTE 'ALTER TABLE public.t ADD more int'; END$$;
        CREATE FUNCTION public.marks() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.t WHERE mark = ''enriched''';
        CREATE TABLE got AS SELECT public.marks()";
    let options =
        pg_replicate::LiveOptions { enrichment: Some(script.to_owned()), ..world.live_options() };
    for _ in 0..2 {
        copy.live(&options, &Context::quiet()).await.unwrap();
        let facts = "SELECT got.marks, public.marks(), t, (SELECT prosrc FROM pg_proc WHERE proname = 'marks') FROM got, t";
        assert_eq!(
            world.target(facts),
            "1|1|(1,enriched,)|SELECT count(*) FROM public.t WHERE mark = 'enriched'"
        );
        // Whoever touches the live copy is refused.
        world.target("ALTER TABLE t ADD CHECK (mark IS NULL) NOT VALID");
    }
}
