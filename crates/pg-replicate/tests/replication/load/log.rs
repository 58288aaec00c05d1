//! What a load tells while it runs.

use pg_replicate::load::LoadSource;

use crate::load::common::{
    MIGRATIONS, RESTORE, TRUNCATE, application, excluding, file, load, run, scripts,
};
use crate::support::events::Events;

fn objects(events: &Events) -> Vec<String> {
    let all = events.all().into_iter();
    let lines = all.filter(|event| event.fields.contains("item="));
    lines.map(|event| event.message).collect()
}

#[tokio::test]
async fn each_table_of_a_script_has_its_lines() {
    let world = application();
    let (first, second) =
        (file(&world, "truncate.sql", TRUNCATE), file(&world, "restore.sql", RESTORE));
    let (events, _guard) = Events::capture();
    let summary = run(&scripts(&world, &[&first, &second])).await.unwrap();
    assert_eq!(
        objects(&events),
        [
            "launching item 1 SCRIPT truncate.sql",
            "finished item 1 SCRIPT truncate.sql",
            "launching item 2 SCRIPT restore.sql",
            "launching item 3 TABLE DATA public.structure",
            "finished item 3 TABLE DATA public.structure",
            "launching item 4 TABLE DATA public.user",
            "finished item 4 TABLE DATA public.user",
            "launching item 5 TABLE DATA public.message",
            "finished item 5 TABLE DATA public.message",
            "finished item 2 SCRIPT restore.sql",
        ]
    );
    let rows: Vec<(&str, u64)> = summary
        .slowest
        .iter()
        .filter(|object| object.kind == "TABLE DATA")
        .map(|object| (object.name.as_str(), object.rows))
        .collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().all(|(_, rows)| *rows == 2), "{rows:?}");
}

#[tokio::test]
async fn a_table_that_fails_has_no_end() {
    let world = application();
    let script =
        file(&world, "broken.sql", "COPY message (id, parent, body) FROM stdin;\nx\t\\N\ty\n\\.\n");
    let (events, _guard) = Events::capture();
    run(&scripts(&world, &[&script])).await.unwrap_err();
    let lines = objects(&events);
    assert!(lines.contains(&"launching item 2 TABLE DATA public.message".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("finished")), "{lines:?}");
}

#[tokio::test]
async fn large_objects_are_left_out_with_a_word_from_every_source() {
    let world = application();
    world.source(MIGRATIONS);
    world.source("INSERT INTO structure (name) VALUES ('a'); SELECT lo_create(0), lo_create(0)");
    let dump = world.directory.path().join("source.dump");
    let dumped = std::process::Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--file"])
        .arg(&dump)
        .arg(world.server.superuser_url("source"))
        .status();
    assert!(dumped.unwrap().success());
    let database = LoadSource::Database(world.url("source_user", "source"));
    let file: LoadSource = dump.display().to_string().parse().unwrap();
    for (source, wanted) in [
        (database, "/source holds 2 large objects: they are left out"),
        (file, "source.dump holds large objects: they are left out"),
    ] {
        let (events, _guard) = Events::capture();
        run(&excluding(load(&world, vec![source]), &["migrations"])).await.unwrap();
        let warnings: Vec<String> = events
            .all()
            .into_iter()
            .filter(|event| event.level == tracing::Level::WARN)
            .map(|event| event.message)
            .filter(|message| message.contains("large objects"))
            .collect();
        assert!(
            matches!(&warnings[..], [warning] if warning.ends_with(wanted)),
            "{wanted} in {warnings:?}"
        );
        assert_eq!(world.target("SELECT count(*) FROM pg_largeobject_metadata"), "0");
    }
}
