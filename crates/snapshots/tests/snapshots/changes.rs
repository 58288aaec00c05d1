//! What counts as a change.

use snapshots::{Error, Taken, Watched};

use crate::support::{SCRIPT, World};

#[tokio::test]
async fn nothing_changed_is_nothing_done() {
    let world = World::new(SCRIPT);
    let entry = world.kept().await;
    let before = world.objects().await;
    // New rows on disk, new statistics, a new header: the same content.
    world.psql("UPDATE users SET name = name; VACUUM FULL ANALYZE users; REINDEX TABLE users;");
    let Taken::Unchanged { latest } = world.take().await.unwrap() else { panic!("it was taken") };
    assert_eq!(latest, entry);
    assert_eq!(world.objects().await, before);
}

#[tokio::test]
async fn each_change_is_seen_and_told() {
    let world = World::new(SCRIPT);
    assert!(world.changes().await.is_empty(), "the first one has nothing before it");
    for (script, told) in [
        ("INSERT INTO users VALUES (101, 'new')", "users has 101 rows, 100 before"),
        ("UPDATE users SET name = 'other' WHERE id = 7", "users has changed rows"),
        ("DELETE FROM stats.answers", "stats.answers_2026 has 0 rows, 1 before"),
        ("CREATE TABLE extra (x int)", "extra is new"),
        ("ALTER TABLE extra ADD CHECK (x > 0)", "extra has a different definition"),
        ("CREATE INDEX ON extra (x)", "extra has a different definition"),
        ("ALTER TABLE extra ALTER x SET DEFAULT 7", "extra has a different definition"),
        ("ALTER TABLE extra ALTER x TYPE bigint", "extra has a different definition"),
        ("ALTER TABLE extra ENABLE ROW LEVEL SECURITY", "extra has a different definition"),
        ("ALTER TABLE extra DISABLE ROW LEVEL SECURITY", "extra has a different definition"),
        ("DROP TABLE extra", "extra was removed"),
        ("TRUNCATE users", "users has 0 rows, 101 before"),
    ] {
        world.psql(script);
        assert_eq!(world.changes().await, [told], "{script}");
        assert!(world.changes().await.is_empty(), "{script}: once");
    }
}

#[tokio::test]
async fn tables_that_are_not_watched_change_as_they_like() {
    let mut world = World::new(SCRIPT);
    world.settings.tables = Watched {
        only: vec!["user*".parse().unwrap(), "stats.*".parse().unwrap()],
        ignore: vec!["stats.answers".parse().unwrap()],
    };
    world.kept().await;
    // Ignored by the name of the table that is partitioned.
    world.psql(
        "INSERT INTO sessions VALUES (1, now()); INSERT INTO stats.answers VALUES ('2026-01-01', '{}')",
    );
    assert!(world.changes().await.is_empty());
    world.psql("DELETE FROM users WHERE id = 1");
    assert_eq!(world.changes().await, ["users has 99 rows, 100 before"]);
    let fetched = world.fetch("latest").await.unwrap();
    world.restore(&fetched.dump, "restored");
    let sessions = world.server.psql("restored", "SELECT count(*) FROM sessions").unwrap();
    assert_eq!(sessions, "1", "the dump has them all the same");
}

#[tokio::test]
async fn patterns_that_watch_nothing_are_refused() {
    let mut world = World::new(SCRIPT);
    world.settings.tables.only = vec!["usres".parse().unwrap()];
    let error = world.take().await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error:?}");
    assert!(error.to_string().contains("usres"), "{error}");
    assert!(world.objects().await.is_empty());
}

#[tokio::test]
async fn a_database_without_tables_is_taken_once() {
    let world = World::new("");
    assert!(world.kept().await.manifest().unwrap().tables.is_empty());
    assert!(matches!(world.take().await.unwrap(), Taken::Unchanged { .. }));
}

#[tokio::test]
async fn a_newer_snapshot_has_a_later_name_whatever_the_clock_says() {
    let world = World::new(SCRIPT);
    let (first, _) = world.forced().await;
    // As if it had been taken an hour from now, by a machine whose clock goes wrong.
    let hour = chrono::TimeDelta::hours(1);
    let wrong = first.name.replace(
        &first.taken_at.format("%Y%m%dT%H%M%SZ").to_string(),
        &(first.taken_at + hour).format("%Y%m%dT%H%M%SZ").to_string(),
    );
    world.copy_as(&first.name, &wrong).await;
    let (second, _) = world.forced().await;
    assert!(second.name > wrong, "{} > {wrong}", second.name);
    assert_eq!(world.list().await[0], second);
}
