//! Archives of pg_dump as the source.

use std::path::PathBuf;

use pg_replicate::load::LoadSource;

use crate::load::common::{MIGRATIONS, application, constraints, excluding, load, run, state};
use crate::support::World;

fn archive(world: &World, extra: &[&str]) -> PathBuf {
    world.source(MIGRATIONS);
    world.source(
        "INSERT INTO structure (name) VALUES ('a'), ('b');
         INSERT INTO \"user\" (\"structureId\", email) VALUES (2, 'x@example.net'), (1, NULL);
         UPDATE structure SET \"mainUser\" = 3 - id;
         INSERT INTO message (parent, body) VALUES (NULL, 'one'), (1, E'two\\n\\\\.\\n');
         SELECT nextval('ticket');",
    );
    let path = world.directory.path().join("source.dump");
    let status = std::process::Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--file"])
        .arg(&path)
        .args(extra)
        .arg("--dbname")
        .arg(world.server.superuser_url("source"))
        .status()
        .unwrap();
    assert!(status.success());
    path
}

const ROWS: &str = "SELECT * FROM structure ORDER BY 1; SELECT * FROM \"user\" ORDER BY 1; SELECT * FROM message ORDER BY 1;
    SELECT last_value, is_called FROM structure_id_seq; SELECT last_value, is_called FROM ticket;";

#[tokio::test]
async fn the_data_of_a_whole_dump() {
    for extra in [&[][..], &["--data-only"], &["--inserts"]] {
        let world = application();
        let path = archive(&world, extra);
        let source: LoadSource = path.display().to_string().parse().unwrap();
        assert!(matches!(source, LoadSource::Dump(_)));
        let before = constraints(&world);
        let load = excluding(load(&world, vec![source]), &["migrations"]);
        run(&load).await.unwrap();
        assert_eq!(world.target(ROWS), world.source(ROWS), "{extra:?}");
        assert_eq!(constraints(&world), before, "{extra:?}");
        assert_eq!(world.target("SELECT last_value FROM migrations_id_seq"), "2");
    }
}

#[tokio::test]
async fn differences_damage_and_what_is_no_dump() {
    let world = application();
    let path = archive(&world, &[]);
    let before = state(&world);
    let source = || vec![path.display().to_string().parse::<LoadSource>().unwrap()];

    world.target("ALTER TABLE message RENAME COLUMN body TO text");
    let error = run(&load(&world, source())).await.unwrap_err().to_string();
    assert!(
        error.contains(
            "columns of message: \"body\" is only in the source, \"text\" is only on the target"
        ),
        "{error}"
    );
    world.target("ALTER TABLE message RENAME COLUMN text TO body");

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let error = run(&load(&world, source())).await.unwrap_err().to_string();
    assert!(error.contains("pg_restore"), "{error}");
    assert_eq!(state(&world), before);

    for (start, advice) in [(&b"\x1f\x8b\x08"[..], "gunzip"), (b"toc.dat\0", "--format=custom")] {
        std::fs::write(&path, start).unwrap();
        let error = path.display().to_string().parse::<LoadSource>().unwrap_err();
        assert!(error.contains(advice), "{error}");
    }
    let directory = world.directory.path().display().to_string();
    assert!(directory.parse::<LoadSource>().unwrap_err().contains("is a directory"));
    assert!("/nowhere.sql".parse::<LoadSource>().unwrap_err().contains("cannot be read"));
}
