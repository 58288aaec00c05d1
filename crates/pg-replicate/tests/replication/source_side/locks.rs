//! Nobody waits for ever: neither the application for the copy, nor the copy for the application.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pg_replicate::database_snapshot::DatabaseSnapshot;
use pg_replicate::load::{ExportData, ExportSchema, LoadData, LoadSource};
use pg_replicate::verify::{self, Verify};
use pg_replicate::{CopyFormat, DatabaseUrl, Error, Incremental, SchemaChanges, connect};
use progress::{Context, Summary};
use test_servers::wait_for_async;

use crate::support::{World, mode};

const LIMIT: Duration = Duration::from_secs(60);

/// Rows of `slow` are written on the target, and read by `held` on the source, for ever while a database says so.
const SCRIPT: &str = "
  CREATE FUNCTION held(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN
    IF current_setting('test.held', true) = 'yes' THEN PERFORM pg_sleep(60); END IF; RETURN n;
  END$$;
  CREATE TABLE slow (n int CHECK (public.held(n) = n), body text);
  INSERT INTO slow SELECT n, repeat('x', 1000) FROM generate_series(1, 3000) n;
  CREATE TABLE other (n int PRIMARY KEY);
  INSERT INTO other SELECT generate_series(1, 1000);";

fn world() -> World {
    let world = World::new(SCRIPT);
    // As an operator's role: it sees what others run.
    world.server.psql("postgres", "GRANT pg_read_all_stats TO source_user").unwrap();
    world
}

fn source(world: &World) -> DatabaseUrl {
    world.url("source_user", "source").with_lock_timeout(Duration::from_secs(2))
}

fn hold(world: &World, database: &str) {
    let sql = format!("ALTER DATABASE {database} SET test.held = 'yes'");
    world.server.psql("postgres", &sql).unwrap();
}

async fn asleep(world: &World, database: &str) -> bool {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'PgSleep'"
    );
    wait_for_async(LIMIT, async || world.server.psql("postgres", &sql).unwrap() != "0").await
}

async fn run(
    work: impl Future<Output = Result<Summary, Error>>,
) -> Result<Result<Summary, Error>, tokio::time::error::Elapsed> {
    tokio::time::timeout(LIMIT, work).await
}

/// A statement of the application that needs a table for itself, and another that comes after it.
async fn application(
    world: &World,
) -> [tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>; 2] {
    let [ddl, reader] = [
        connect(&world.url("producer", "source")).await.unwrap(),
        connect(&world.url("producer", "source")).await.unwrap(),
    ];
    let ddl =
        tokio::spawn(async move { ddl.batch_execute("ALTER TABLE public.other ADD z int").await });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                   WHERE NOT granted AND datname = 'source'";
    let queued = async || world.server.psql("source", waiting).unwrap() == "1";
    assert!(wait_for_async(LIMIT, queued).await, "the change has to wait");
    let sql = "SELECT count(*) FROM public.other";
    let reader = tokio::spawn(async move { reader.batch_execute(sql).await });
    [ddl, reader]
}

async fn goes_on(application: [tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>; 2]) {
    for statement in application {
        tokio::time::timeout(LIMIT, statement).await.unwrap().unwrap().unwrap();
    }
}

fn assert_named(error: &Error) {
    let text = error.to_string();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    for part in ["ALTER TABLE of process", "role producer", "public.other", "SOURCE_LOCK_TIMEOUT"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_live_copy_gives_way_to_a_change_of_a_table() {
    let world = world();
    hold(&world, "target");
    let mut copy = world.copy("{}");
    copy.source = source(&world);
    let (options, context) = (world.live_options(), Context::quiet());
    let work = {
        let (copy, context) = (copy.clone(), context.clone());
        tokio::spawn(async move { copy.live(&options, &context).await })
    };
    assert!(asleep(&world, "target").await);
    let application = application(&world).await;
    goes_on(application).await;
    let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap().unwrap_err();
    assert_named(&error);
    assert!(!context.cancel.is_cancelled());
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    world.server.psql("postgres", "ALTER DATABASE target RESET test.held").unwrap();
    world.live(&copy).await.unwrap();
}

#[tokio::test]
async fn so_do_a_moment_and_a_dump() {
    let world = world();
    let context = Context::quiet();
    let moment = DatabaseSnapshot::open(&source(&world), &context).await.unwrap();
    let application = application(&world).await;
    let work = moment.during(std::future::pending::<Result<(), Error>>());
    let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap_err();
    assert_named(&error);
    goes_on(application).await;
}

#[tokio::test]
async fn so_does_a_comparison() {
    let world = world();
    world.live(&world.copy("{}")).await.unwrap();
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    world.source("ALTER TABLE other RENAME TO old;  ALTER TABLE slow RENAME TO other; ALTER TABLE old RENAME TO slow");
    hold(&world, "source");
    let rules = mode(r#"{"other":{"columns":{"n":"public.held(n)"},"keep":["body"]}}"#);
    let (from, target) = (source(&world), world.url("target_user", "target"));
    let context = Context::quiet();
    let work = tokio::spawn(async move {
        verify::compare(&from, &target, &rules, Verify::Checksums, 2, &context).await
    });
    assert!(asleep(&world, "source").await);
    let application = application(&world).await;
    goes_on(application).await;
    let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap().unwrap_err();
    assert_named(&error);
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
}

/// Its definitions are more than fits between pg_dump and us, so that pg_dump is there while the target is busy.
#[tokio::test]
async fn so_does_an_export_of_the_schema() {
    let world = world();
    world.live(&world.copy("{}")).await.unwrap();
    world.source(
        "DO $$BEGIN FOR n IN 1..30 LOOP
           EXECUTE format('CREATE FUNCTION long_%s() RETURNS text LANGUAGE sql AS %L', n,
             format('SELECT %L', repeat('x', 100000)));
         END LOOP; END$$",
    );
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate%") == 0).await);
    let reader = connect(&world.url("target_user", "target")).await.unwrap();
    reader.batch_execute("BEGIN; SELECT FROM public.other").await.unwrap();
    let export =
        ExportSchema { source: source(&world), target: world.url("target_user", "target") };
    let work = tokio::spawn(async move { export.run(&Context::quiet()).await });
    let blocked = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                   WHERE NOT granted AND datname = 'target'";
    let is_blocked = async || world.server.psql("postgres", blocked).unwrap() == "1";
    assert!(wait_for_async(LIMIT, is_blocked).await, "the export waits for the reader");
    let application = application(&world).await;
    goes_on(application).await;
    let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap().unwrap_err();
    assert_named(&error);
    // Nothing of the target was replaced.
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.target("SELECT count(*) FROM other"), "1000");
}

/// Stops pg_dump, which runs as `application`.
fn stop_pg_dump(world: &World, application: &str) {
    let (name, port) =
        (format!("PGAPPNAME={application}"), format!("PGPORT={}\0", world.server.port()));
    let is_it = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        environment.contains(&name) && environment.contains(&port)
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pid = pids.into_iter().find(is_it).expect("pg_dump runs");
    kill(Pid::from_raw(pid), Signal::SIGSTOP).unwrap();
}

/// pg_dump has its locks, and gets no further.
#[tokio::test]
async fn so_does_an_export_of_rows() {
    let world = world();
    let holder = connect(&world.url("producer", "source")).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE public.other").await.unwrap();
    let from = world.url("source_user", "source").with_lock_timeout(Duration::from_secs(15));
    let export = ExportData { source: from, excluded: Vec::new(), truncates: false };
    let file = world.directory.path().join("data.sql");
    let work = tokio::spawn(async move { export.run(&file, &Context::quiet()).await });
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                   WHERE NOT granted AND application_name LIKE 'pg-replicate export%'";
    let is_waiting = async || world.server.psql("postgres", waiting).unwrap() == "1";
    assert!(wait_for_async(LIMIT, is_waiting).await, "pg_dump waits for the table");
    stop_pg_dump(&world, "pg-replicate export");
    holder.batch_execute("COMMIT").await.unwrap();
    let application = application(&world).await;
    goes_on(application).await;
    let error = tokio::time::timeout(LIMIT, work).await.unwrap().unwrap().unwrap_err();
    assert_named(&error);
    assert_eq!(world.directory.path().read_dir().unwrap().count(), 0, "no part of the file stays");
}

/// An application that has a table for itself, and does not let it go.
#[tokio::test]
async fn whoever_reads_gives_up_and_names_who_has_the_table() {
    let world = world();
    world.live(&world.copy("{}")).await.unwrap();
    let holder = connect(&world.url("producer", "source")).await.unwrap();
    holder.batch_execute("BEGIN").await.unwrap();
    holder.batch_execute("LOCK TABLE public.other IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (from, target) = (source(&world), world.url("target_user", "target"));
    let mut copy = world.copy("{}");
    copy.source = from.clone();
    let context = Context::quiet();
    let mut errors: Vec<(&str, Error)> = Vec::new();

    let options = world.live_options();
    errors.push(("live", run(Box::pin(copy.live(&options, &context))).await.unwrap().unwrap_err()));
    let dump = world.dump();
    errors
        .push(("backup", run(Box::pin(copy.backup(&dump, &context))).await.unwrap().unwrap_err()));
    let opened = tokio::time::timeout(LIMIT, Box::pin(DatabaseSnapshot::open(&from, &context)))
        .await
        .unwrap();
    errors.push(("moment", opened.err().unwrap()));
    let none = mode("{}");
    let compared = verify::compare(&from, &target, &none, Verify::Checksums, 2, &context);
    let compared = tokio::time::timeout(LIMIT, Box::pin(compared)).await.unwrap();
    errors.push(("verification", compared.unwrap_err()));
    let incremental = Incremental {
        source: from.clone(),
        target: target.clone(),
        mode: mode(r#"{"other":{"mode":"upsert"}}"#),
        format: CopyFormat::Text,
        jobs: 2,
        schema_changes: SchemaChanges::Fail,
    };
    errors.push((
        "incremental",
        run(Box::pin(incremental.run(&context))).await.unwrap().unwrap_err(),
    ));
    let export = ExportData { source: from.clone(), excluded: Vec::new(), truncates: false };
    errors.push(("export", run(Box::pin(export.run(&dump, &context))).await.unwrap().unwrap_err()));
    let load = LoadData {
        sources: vec![LoadSource::Database(from.clone())],
        target,
        excluded: Vec::new(),
        truncates: true,
        allows_new_columns: false,
    };
    errors.push(("load", run(Box::pin(load.run(&context))).await.unwrap().unwrap_err()));

    for (what, error) in errors {
        let text = error.to_string();
        assert!(matches!(error, Error::Locked { .. }), "{what}: {error:?}");
        for part in ["public.other", "LOCK TABLE", "role producer"] {
            assert!(text.contains(part), "{what}, {part}: {text}");
        }
    }
    assert!(wait_for_async(LIMIT, async || world.sessions("pg-replicate _%") == 0).await);
    // Nothing of the target was dropped.
    assert_eq!(world.target("SELECT count(*) FROM other"), "1000");
    holder.batch_execute("COMMIT").await.unwrap();
    world.live(&copy).await.unwrap();
}
