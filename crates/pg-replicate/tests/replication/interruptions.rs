//! Cancelled, or cut: nothing is left running, and no password is to be seen.

use std::time::Duration;

use crate::support::languages::server_speaking;
use crate::support::{SECRET, World, exists, mode};
use pg_replicate::{CopyFormat, ForeignKeys, FullCopy, Incremental, SchemaChanges};
use progress::Context;
use tempfile::TempDir;
use test_servers::wait_for_async;

const LIMIT: Duration = Duration::from_secs(30);

/// The command lines of all processes that name `what`.
fn command_lines(what: &str) -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(what))
        .collect()
}

/// The variables of all processes whose command lines name `what`, but for libpq's: a password is handed on in those,
/// and whatever else this process knows must not be.
fn variables(what: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        if line.contains(what) {
            let environment = read("environ");
            let variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            names.extend(variables.filter_map(|one| Some(one.split_once('=')?.0.to_owned())));
        }
    }
    names.sort();
    names.dedup();
    names.retain(|name| !name.starts_with("PG"));
    names
}

/// What a program of PostgreSQL may be told, whatever our own environment has.
const HANDED_ON: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OPENSSL_CONF",
    "LC_ALL",
];

fn assert_nothing_else_is_handed_on(what: &str) {
    let ours = std::env::vars().filter(|(name, _)| !HANDED_ON.contains(&name.as_str())).count();
    assert!(ours > 10, "cargo has set variables of its own");
    let found = variables(what);
    assert!(found.contains(&"PATH".to_owned()), "{found:?}");
    let others: Vec<_> = found.iter().filter(|name| !HANDED_ON.contains(&name.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// A table that another session holds: pg_dump waits for it.
struct Held {
    _client: tokio_postgres::Client,
}

impl Held {
    async fn new(world: &World, database: &str, table: &str) -> Self {
        let url = world.server.superuser_url(database);
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("BEGIN; LOCK TABLE {table}")).await.unwrap();
        Self { _client: client }
    }
}

#[tokio::test]
async fn a_cancelled_backup() {
    let world = World::new("CREATE TABLE a (id int)");
    let _held = Held::new(&world, "source", "a").await;
    let (copy, dump, context) = (world.copy("{}"), world.dump(), Context::quiet());
    let cancel = context.cancel.clone();
    let file = dump.clone();
    let work = tokio::spawn(async move { copy.backup(&file, &context).await });
    let like = "pg-replicate backup %";
    assert!(wait_for_async(LIMIT, async || world.sessions(like) == 1).await);
    let port = format!("--file={}", dump.display());
    let lines = command_lines(&port);
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:?} {SECRET}");
    assert_nothing_else_is_handed_on(&port);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(wait_for_async(LIMIT, async || world.sessions(like) == 0).await);
    assert!(command_lines(&port).is_empty());
    assert!(!exists(&dump));
    assert_eq!(world.directory.path().read_dir().unwrap().count(), 0);
}

/// A world of English, and one of another language where that can be had.
fn in_two_languages(script: &str) -> (Vec<World>, Option<TempDir>) {
    let mut worlds = vec![World::new(script)];
    let russian = server_speaking("ru_RU");
    let locales = russian.map(|(server, locales)| {
        worlds.push(World::on(server, script));
        locales
    });
    (worlds, locales)
}

/// Ends the one session of `application` that waits for `event`, once there is one.
async fn end_session(world: &World, application: &str, event: &str) {
    let psql = |sql: &str| world.server.psql("postgres", sql).unwrap();
    let waiting = format!(
        "FROM pg_stat_activity WHERE application_name LIKE 'pg-replicate {application}%'
         AND (wait_event_type = '{event}' OR wait_event = '{event}')"
    );
    let count = format!("SELECT count(*) {waiting}");
    assert!(wait_for_async(LIMIT, async || psql(&count) == "1").await);
    psql(&format!("SELECT pg_terminate_backend(pid) {waiting}"));
}

/// In whatever language the server says that it ends the connection.
#[tokio::test]
async fn a_backup_whose_session_is_ended_has_lost_its_connection() {
    let (worlds, _locales) = in_two_languages("CREATE TABLE a (id int)");
    for world in worlds {
        let ended = || {
            let log = std::fs::read_to_string(world.server.log_path()).unwrap();
            log.lines().filter(|line| line.contains("FATAL:") || line.contains("ВАЖНО:")).count()
        };
        let before = ended();
        let held = Held::new(&world, "source", "a").await;
        let backup = || {
            let (copy, dump) = (world.copy("{}"), world.dump());
            tokio::spawn(async move { copy.backup(&dump, &Context::quiet()).await })
        };
        let work = backup();
        end_session(&world, "backup", "Lock").await;
        let error = work.await.unwrap().unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
        drop(held);
        // In the middle of a COPY, too: an extension's table is read by a condition.
        let slow = "CREATE FUNCTION slow() RETURNS bool LANGUAGE plpgsql AS
              $$BEGIN PERFORM pg_catalog.pg_sleep(60); RETURN true; END$$;
            CREATE TABLE config (id int); INSERT INTO config VALUES (1);
            ALTER EXTENSION plpgsql ADD TABLE config;
            UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid],
              extcondition = ARRAY['WHERE public.slow()'] WHERE extname = 'plpgsql'";
        world.server.psql("source", slow).unwrap();
        let work = backup();
        end_session(&world, "backup", "PgSleep").await;
        let error = work.await.unwrap().unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
        assert_eq!(ended(), before + 2, "nobody but this test ends a session");
    }
}

#[tokio::test]
async fn a_restore_whose_session_is_ended_has_lost_its_connection() {
    let (worlds, _locales) = in_two_languages(
        "CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
           IF current_database() = 'target' THEN PERFORM pg_sleep(60); END IF; RETURN $1;
         END$$;
         CREATE TABLE a (id int CHECK (public.slow(id) = id)); CREATE TABLE b (id int);
         INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
    );
    for (world, restore_jobs) in worlds.into_iter().zip([1, 2]) {
        let copy = FullCopy { restore_jobs, ..world.copy("{}") };
        let (dump, context) = (world.dump(), Context::quiet());
        copy.backup(&dump, &context).await.unwrap();
        let work = tokio::spawn(async move { copy.restore(&dump, &context).await });
        end_session(&world, "restore", "PgSleep").await;
        let error = work.await.unwrap().unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
    }
}

#[tokio::test]
async fn a_cancelled_restore() {
    // Written at once on the source, and for ever on the target. Indexes, which pg_restore has no part in, are those of
    // live_faults.rs.
    let world = World::new(
        "CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
           IF current_database() = 'target' THEN PERFORM pg_sleep(60); END IF; RETURN $1;
         END$$;
         CREATE TABLE a (id int CHECK (public.slow(id) = id)); CREATE TABLE b (id int CHECK (public.slow(id) = id));
         INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
    );
    let (copy, dump, context) = (world.copy("{}"), world.dump(), Context::quiet());
    copy.backup(&dump, &context).await.unwrap();
    let cancel = context.cancel.clone();
    let file = dump.clone();
    let work = tokio::spawn(async move { copy.restore(&file, &context).await });
    let writing = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY public.%' AND wait_event = 'PgSleep'";
    assert!(
        wait_for_async(LIMIT, async || world.server.psql("postgres", writing).unwrap() == "2")
            .await
    );
    let dump_name = dump.display().to_string();
    let lines = command_lines(&dump_name);
    assert!(lines.len() >= 3, "leader and two workers: {lines:?}");
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:?}");
    assert_nothing_else_is_handed_on(&dump_name);
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    let like = "pg-replicate restore %";
    assert!(wait_for_async(LIMIT, async || world.sessions(like) == 0).await);
    assert!(command_lines(&dump_name).is_empty());
    assert!(exists(&dump), "the dump is for the next attempt");
}

#[tokio::test]
async fn a_cancelled_drop_changes_nothing() {
    let world = World::new("CREATE TABLE a (id int)");
    world.target("CREATE TABLE a (id int); CREATE TABLE b (id int)");
    let held = Held::new(&world, "target", "b").await;
    let (copy, context) = (world.copy("{}"), Context::quiet());
    let cancel = context.cancel.clone();
    let work = tokio::spawn(async move { copy.drop_objects(&context).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg-replicate drop' AND xact_start IS NOT NULL";
    assert!(
        wait_for_async(LIMIT, async || world.server.psql("postgres", waiting).unwrap() == "1")
            .await
    );
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate drop") == 0).await);
    drop(held);
    assert_eq!(world.target("SELECT to_regclass('a'), to_regclass('b')"), "a|b");
}

/// A source whose rows come slowly: the copy of table t is in the middle for long.
fn slow_copy(world: &World) -> Incremental {
    world.target("CREATE TABLE t (id int, x text); INSERT INTO t VALUES (0, '')");
    Incremental {
        source: world.url("source_user", "source"),
        target: world.url("target_user", "target"),
        mode: mode(r#"{"t":"incremental"}"#),
        format: CopyFormat::Text,
        jobs: 2,
        schema_changes: SchemaChanges::Fail,
    }
}

const ROWS: &str = "CREATE TABLE t (id int, x text);
    INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n;";

const COPYING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'pg-replicate incremental' AND query LIKE 'COPY %'";

#[tokio::test]
async fn a_cancelled_incremental_copy() {
    let world = World::new(ROWS);
    let incremental = slow_copy(&world);
    // The target takes the first row and waits: both COPYs run.
    let held = "CREATE FUNCTION wait() RETURNS bool LANGUAGE plpgsql AS
        $$BEGIN PERFORM pg_sleep(60); RETURN true; END$$;
        ALTER TABLE t ADD CHECK (wait()) NOT VALID";
    world.target(held);
    let context = Context::quiet();
    let cancel = context.cancel.clone();
    let work = tokio::spawn(async move { incremental.run(&context).await });
    assert!(
        wait_for_async(LIMIT, async || world.server.psql("postgres", COPYING).unwrap() == "2")
            .await
    );
    cancel.cancel();
    assert!(work.await.unwrap().unwrap_err().is_cancelled());
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    assert_eq!(world.target("SELECT count(*) FROM t"), "1");
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_of_a_copy() {
    let mut world = World::new(ROWS);
    let incremental = slow_copy(&world);
    world.target(
        "CREATE FUNCTION wait() RETURNS bool LANGUAGE plpgsql AS
           $$BEGIN PERFORM pg_sleep(60); RETURN true; END$$;
         ALTER TABLE t ADD CHECK (wait()) NOT VALID",
    );
    let work = tokio::spawn(async move { incremental.run(&Context::quiet()).await });
    assert!(
        wait_for_async(LIMIT, async || world.server.psql("postgres", COPYING).unwrap() == "2")
            .await
    );
    world.server.kill();
    let error = work.await.unwrap().unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    world.server.start_again().unwrap();
    assert_eq!(world.target("SELECT count(*) FROM t"), "1");
}

#[tokio::test]
async fn a_source_that_dies_in_the_middle_of_a_backup() {
    let mut world = World::new("CREATE TABLE a (id int)");
    let _held = Held::new(&world, "source", "a").await;
    let (copy, dump) = (world.copy("{}"), world.dump());
    let file = dump.clone();
    let work = tokio::spawn(async move { copy.backup(&file, &Context::quiet()).await });
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate backup %") == 1).await);
    world.server.kill();
    let error = work.await.unwrap().unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    assert!(!exists(&dump));
}

#[tokio::test]
async fn a_step_that_is_already_cancelled_does_nothing() {
    let world = World::new("CREATE TABLE a (id int)");
    world.target("CREATE TABLE b (id int)");
    let context = Context::quiet();
    context.cancel.cancel();
    let copy = world.copy("{}");
    assert!(copy.backup(&world.dump(), &context).await.unwrap_err().is_cancelled());
    assert!(copy.drop_objects(&context).await.unwrap_err().is_cancelled());
    assert!(copy.restore(&world.dump(), &context).await.unwrap_err().is_cancelled());
    assert_eq!(world.target("SELECT to_regclass('b')"), "b");
}

/// Run by the test below in a process of its own.
#[tokio::test]
#[ignore = "a helper"]
async fn helper_backup() {
    let Ok(urls) = std::env::var("HELPER_URLS") else { return };
    let (port, dump) = urls.split_once(' ').unwrap();
    let url = crate::support::url(port.parse().unwrap(), "source_user", "source");
    let copy = FullCopy {
        source: url.clone(),
        target: url,
        mode: mode("{}"),
        publish: pg_replicate::Publish::InPlace,
        foreign_keys: ForeignKeys::Validated,
        freshness_schema: None,
        restore_jobs: 1,
        on_target: pg_replicate::OnTarget::default(),
    };
    copy.backup(dump.as_ref(), &Context::quiet()).await.unwrap();
}

#[tokio::test]
async fn children_die_with_a_killed_process() {
    let world = World::new("CREATE TABLE a (id int)");
    let _held = Held::new(&world, "source", "a").await;
    let dump = world.dump().display().to_string();
    let mut helper = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "interruptions::helper_backup", "--ignored", "--test-threads=1"])
        .env("HELPER_URLS", format!("{} {dump}", world.server.port()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let like = "pg-replicate backup %";
    assert!(wait_for_async(LIMIT, async || world.sessions(like) == 1).await);
    helper.kill().unwrap();
    helper.wait().unwrap();
    assert!(wait_for_async(LIMIT, async || command_lines(&dump).is_empty()).await);
    assert!(wait_for_async(LIMIT, async || world.sessions(like) == 0).await);
}

#[tokio::test]
async fn a_restore_left_at_work_by_a_dead_machine_is_ended_before_the_drop() {
    let world = World::new("");
    let password: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = format!(
        "postgresql://target_user:{password}@127.0.0.1:{}/target?application_name=pg-replicate%20restore%200",
        world.server.port()
    );
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; CREATE TABLE half_done (id int)").await.unwrap();
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate restore %") == 0).await);
}
