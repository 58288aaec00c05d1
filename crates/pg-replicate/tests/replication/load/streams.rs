//! Sources that can be read only once.

use std::path::Path;
use std::process::Command;

use pg_replicate::Error;
use pg_replicate::load::{ExportData, LoadSource};
use progress::{CancellationToken, Context};

use crate::load::common::{MIGRATIONS, RESTORE, application, excluding, file, load, run};

/// A pipe, and a thread that writes `content` into it once.
fn pipe(directory: &Path, name: &str, content: Vec<u8>) -> LoadSource {
    let path = directory.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let source = path.display().to_string().parse().unwrap();
    std::thread::spawn(move || std::fs::write(path, content));
    source
}

#[tokio::test]
async fn a_pipe_is_read_once() {
    let world = application();
    let source = pipe(world.directory.path(), "script", RESTORE.into());
    assert!(matches!(source, LoadSource::Stream(_)));
    let summary = run(&load(&world, vec![source])).await.unwrap();
    assert_eq!(world.target("SELECT count(*) FROM message"), "2");
    assert!(summary.phases.iter().any(|phase| phase.name == "load script"), "{summary:?}");

    let dump = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", &world.server.superuser_url("target")])
        .output()
        .unwrap();
    let source = pipe(world.directory.path(), "dump", dump.stdout);
    world.target("TRUNCATE message");
    run(&excluding(load(&world, vec![source]), &["migrations"])).await.unwrap();
    assert_eq!(world.target("SELECT count(*) FROM message"), "2");

    let source = pipe(world.directory.path(), "compressed", b"\x1f\x8b compressed".to_vec());
    let error = run(&load(&world, vec![source])).await.unwrap_err().to_string();
    assert!(error.contains("compressed is compressed: unpack it first"), "{error}");
}

#[tokio::test]
async fn standard_input_is_named_and_read_once() {
    let source: LoadSource = "-".parse().unwrap();
    assert_eq!(source.to_string(), "standard input");
    let world = application();
    let source = pipe(world.directory.path(), "twice", RESTORE.into());
    let error = run(&load(&world, vec![source.clone(), source])).await.unwrap_err();
    assert!(error.to_string().contains("it can be read only once"), "{error}");
}

#[tokio::test]
async fn a_pipe_that_nobody_writes_into_can_be_given_up() {
    let world = application();
    let path = world.directory.path().join("silent");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let load = load(&world, vec![path.display().to_string().parse().unwrap()]);
    let cancel = CancellationToken::new();
    let mut context = Context::quiet();
    context.cancel = cancel.clone();
    let (result, ()) = tokio::join!(load.run(&context), async { cancel.cancel() });
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
}

/// What export-data writes from a database whose strings take backslashes, load-data reads.
#[tokio::test]
async fn an_export_of_a_database_with_escaping_strings() {
    let world = application();
    world.source(MIGRATIONS);
    world.source("INSERT INTO message (body) VALUES (E'a\\\\b\\'c\\n')");
    world
        .server
        .psql("source", "ALTER DATABASE source SET standard_conforming_strings = off")
        .unwrap();
    let export = ExportData {
        source: world.url("source_user", "source"),
        excluded: Vec::new(),
        truncates: false,
    };
    let path = world.directory.path().join("data.sql");
    export.run(&path, &Context::quiet()).await.unwrap();
    let url = world.server.superuser_url("source");
    let inserts = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--data-only", "--inserts", &url])
        .output()
        .unwrap();
    let inserts = String::from_utf8(inserts.stdout).unwrap();
    assert!(inserts.contains("standard_conforming_strings = off"), "{inserts}");
    let inserts = file(&world, "inserts.sql", inserts);
    for path in [&path, &inserts] {
        run(&load(&world, vec![path.display().to_string().parse().unwrap()])).await.unwrap();
        assert_eq!(world.target("SELECT body || '|' FROM message"), "a\\b'c\n|", "{path:?}");
        world.target("TRUNCATE message");
    }
}
