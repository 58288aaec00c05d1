//! Rows of every kind through the live copy.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{World, assert_same_text};
use pg_replicate::Error;

#[tokio::test]
async fn odd_tables() {
    let world = World::new(include_str!("../sql/odd_tables.sql"));
    world.live(&world.copy_in_place("{}")).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
}

#[tokio::test]
async fn a_large_table_comes_in_parts() {
    // Half of the pages are empty, and rows have moved: parts are ranges of pages, not of rows.
    let world = World::new(
        "CREATE TABLE large (id int PRIMARY KEY, body text);
         INSERT INTO large SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 60000) n;
         DELETE FROM large WHERE id % 3 = 0; UPDATE large SET body = body || 'x' WHERE id % 5 = 0;
         CREATE TABLE small (id int PRIMARY KEY REFERENCES large); INSERT INTO small VALUES (1);",
    );
    let summary = world.live(&world.copy("{}")).await.unwrap();
    assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    let copied = summary.phases.iter().find(|phase| phase.name == "copy").unwrap();
    assert_eq!(copied.rows, 40_001);
    let is_rows_of_large = |kind: &str, name: &str| kind == "TABLE DATA" && name == "public.large";
    let large = summary.slowest.iter().find(|one| is_rows_of_large(&one.kind, &one.name)).unwrap();
    assert_eq!(large.rows, 40_000);
}

#[tokio::test]
async fn a_hash_of_an_enumeration_is_another_elsewhere() {
    let world = World::new(
        "CREATE TYPE colour AS ENUM ('red', 'green', 'blue', 'white', 'black', 'pink', 'grey');
         CREATE TABLE cars (id int, colour colour, note text) PARTITION BY HASH (colour);
         CREATE TABLE cars_0 PARTITION OF cars FOR VALUES WITH (MODULUS 3, REMAINDER 0);
         CREATE TABLE cars_1 PARTITION OF cars FOR VALUES WITH (MODULUS 3, REMAINDER 1);
         CREATE TABLE cars_2 PARTITION OF cars FOR VALUES WITH (MODULUS 3, REMAINDER 2);
         CREATE INDEX ON cars (note);
         INSERT INTO cars SELECT n, (enum_range(NULL::colour))[n % 7 + 1], 'n' FROM generate_series(1, 700) n;",
    );
    world.live(&world.copy("{}")).await.unwrap();
    let all = "SELECT count(*), sum(hashtext(cars::text)) FROM cars";
    assert_eq!(world.target(all), world.source(all));
    for remainder in 0..3 {
        let right = format!(
            "SELECT count(*) FROM cars_{remainder}
             WHERE NOT satisfies_hash_partition('cars'::regclass, 3, {remainder}, colour)"
        );
        assert_eq!(world.target(&right), "0");
    }
}

#[tokio::test]
async fn other_encodings() {
    let world = World::new("");
    for (encoding, row) in [
        ("LATIN1", "E'caf\\xe9'"),
        ("SQL_ASCII", "E'\\xff\\xfe'"),
        ("EUC_JP", "E'\\xc6\\xfc\\xcb\\xdc'"),
    ] {
        for (database, owner) in [("source", "producer"), ("target", "target_user")] {
            world
                .server
                .psql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"))
                .unwrap();
            world
                .server
                .psql(
                    "postgres",
                    &format!(
                        "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0
                         ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
                    ),
                )
                .unwrap();
        }
        world.source(&format!(
            "SET client_encoding = '{encoding}';
             CREATE TABLE words (id int PRIMARY KEY, word text, more jsonb);
             INSERT INTO words VALUES (1, {row}, '{{\"a\": 1}}');
             CREATE INDEX ON words (word)"
        ));
        if encoding == "LATIN1" {
            world.source("SET client_encoding = 'UTF8'; CREATE TABLE \"été\" (\"à\" text); CREATE INDEX \"îndex\" ON \"été\" (\"à\"); COMMENT ON TABLE \"été\" IS 'où'");
        }
        world.live(&world.copy("{}")).await.unwrap();
        let bytes = "SELECT id, word::bytea, more FROM words";
        assert_eq!(world.target(bytes), world.source(bytes), "{encoding}");
        assert_same_text(&world.dump_text("source", &[]), &world.dump_text("target", &[]));
    }
}

/// A comment of a query in another encoding than ASCII cannot be sent to every database.
#[test]
fn our_queries_are_ascii() {
    let folders = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/sql"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/sql/live"),
    ];
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert!(std::fs::read(&path).unwrap().is_ascii(), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_large_value() {
    let world = World::new("CREATE TABLE files (id int, raw bytea)");
    world.source(
        "INSERT INTO files SELECT 1, string_agg(sha512(n::text::bytea), '') FROM generate_series(1, 1600000) n",
    );
    world.live(&world.copy("{}")).await.unwrap();
    let sum = "SELECT id, length(raw), md5(raw) FROM files";
    assert!(world.target(sum).starts_with("1|102400000|"));
    assert_eq!(world.target(sum), world.source(sum));
}

#[tokio::test]
async fn tables_that_change_meanwhile_are_of_one_moment() {
    let world = World::new(
        "CREATE TABLE one (id int PRIMARY KEY, amount int NOT NULL);
         CREATE TABLE other (id int PRIMARY KEY, amount int NOT NULL);
         INSERT INTO one SELECT n, 100 FROM generate_series(1, 3000) n;
         INSERT INTO other SELECT n, 100 FROM generate_series(1, 3000) n;
         CREATE TABLE moves (id int REFERENCES one); CREATE TABLE steps (n bigserial)",
    );
    let url = world.server.superuser_url("source");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let writer = tokio::spawn(async move {
        let mut number = 0;
        while !stopped.load(Ordering::Relaxed) {
            number += 1;
            let sql = format!(
                "BEGIN; UPDATE one SET amount = amount - 7 WHERE id = {0} % 3000 + 1;
                 INSERT INTO moves VALUES ({0} % 3000 + 1); INSERT INTO steps DEFAULT VALUES;
                 UPDATE other SET amount = amount + 7 WHERE id = {0} % 2999 + 1; COMMIT",
                number
            );
            client.batch_execute(&sql).await.unwrap();
        }
        number
    });
    let result = world.live(&world.copy("{}")).await;
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 10);
    result.unwrap();
    let sums = "SELECT (SELECT sum(amount) FROM one) + (SELECT sum(amount) FROM other),
                (SELECT 300000 - sum(amount) FROM one) = 7 * (SELECT count(*) FROM moves),
                (SELECT count(*) FROM moves) = (SELECT count(*) FROM steps),
                (SELECT last_value >= (SELECT coalesce(max(n), 1) FROM steps) FROM steps_n_seq)";
    assert_eq!(world.target(sums), "600000|t|t|t");
}

#[tokio::test]
async fn what_cannot_be_copied_is_named_and_the_rest_is_there() {
    // Values that another server's rules refuse; keys that nobody checked.
    let world = World::new(
        "CREATE FUNCTION here() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_database()::text';
         CREATE TABLE bad (id int, CHECK (public.here() = 'source')); INSERT INTO bad VALUES (1);
         CREATE INDEX bad_index ON bad (id);
         CREATE FUNCTION fails(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
           $$BEGIN RETURN CASE current_database() WHEN 'source' THEN $1 ELSE 1 / ($1 - $1) END; END$$;
         CREATE TABLE good (id int PRIMARY KEY); INSERT INTO good VALUES (1), (2);
         CREATE INDEX good_fails ON good (fails(id));
         CREATE TABLE orphans (good int REFERENCES good, bad int, CONSTRAINT second FOREIGN KEY (bad) REFERENCES good);
         CREATE VIEW v AS SELECT * FROM good;",
    );
    world
        .server
        .psql("source", "SET session_replication_role = replica; INSERT INTO orphans VALUES (7, 1)")
        .unwrap();
    let error = world.live(&world.copy_in_place("{}")).await.unwrap_err();
    let Error::Restore(failures) = &error else { panic!("{error}") };
    let mut objects: Vec<&str> = failures.iter().map(|failure| failure.object.as_str()).collect();
    objects.sort_unstable();
    assert_eq!(
        objects,
        [
            "FK CONSTRAINT public.orphans orphans_good_fkey",
            "INDEX public.bad_index",
            "INDEX public.good_fails",
            "TABLE DATA public.bad"
        ]
    );
    let text = error.to_string();
    for part in ["23514", "division by zero", "is not present in table \"good\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(world.target("SELECT count(*) FROM v"), "2");
    assert_eq!(world.target("SELECT count(*) FROM orphans"), "1");
    let second = "SELECT convalidated FROM pg_constraint WHERE conname = 'second'";
    assert_eq!(world.target(second), "t");
}

#[tokio::test]
async fn rows_are_filtered_and_values_replaced() {
    let world = World::new(
        "CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL, born date, note jsonb);
         INSERT INTO people SELECT n, 'secret' || n || '@pix.fr', date '1990-01-01' + n, '{\"a\": \"secret\"}'
           FROM generate_series(1, 40000) n;
         CREATE TABLE parted (id int, name text) PARTITION BY RANGE (id);
         CREATE TABLE part_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
         CREATE TABLE part_high PARTITION OF parted DEFAULT;
         INSERT INTO parted SELECT n, 'secret' FROM generate_series(1, 200) n;",
    );
    let copy = world.copy(
        r#"{"people": {"where": "id % 2 = 0", "columns": {"email": "'user' || id || '@example.net'", "note": "jsonb_build_object('id', id)"}, "keep": ["id", "born"]},
            "parted": {"columns": {"name": "'x'"}}}"#,
    );
    world.live(&copy).await.unwrap();
    assert_eq!(
        world.target("SELECT count(*), min(email), max(note->>'id'), min(born) FROM people"),
        "20000|user10000@example.net|9998|1990-01-03"
    );
    assert_eq!(world.target("SELECT count(*), min(name), max(name) FROM parted"), "200|x|x");
    let everything = world.dump_text("target", &[]);
    assert!(!everything.iter().any(|line| line.contains("secret")));
}

/// Every large object: how long it is, what it holds, what is said of it.
const LARGE_OBJECTS: &str = "
    SELECT m.oid, length(lo_get(m.oid)), md5(lo_get(m.oid)), obj_description(m.oid, 'pg_largeobject')
    FROM pg_largeobject_metadata m ORDER BY 1";

#[tokio::test]
async fn large_objects_of_every_size() {
    let world = World::new(
        "SELECT lo_from_bytea(70000, ''), lo_from_bytea(70001, 'x'),
                lo_from_bytea(70002, convert_to(repeat('ab', 64 * 1024), 'UTF8')),
                lo_from_bytea(70003, convert_to(repeat('abc', 64 * 1024), 'UTF8')),
                lo_from_bytea(70004, convert_to(repeat('0123456789abcdef', 300000), 'UTF8'));
         SELECT lo_put(70005, 9000000, 'after a hole') FROM lo_create(70005);
         SELECT lo_put(70006, 128 * 1024 + 2 * 1024 * 1024 - 1, 'z') FROM lo_create(70006);
         SELECT lo_from_bytea(80000 + n, convert_to(repeat(md5(n::text), n), 'UTF8')) FROM generate_series(1, 150) n;
         COMMENT ON LARGE OBJECT 70001 IS 'it''s \\ small'; COMMENT ON LARGE OBJECT 80150 IS 'the last';",
    );
    let copy = world.copy("{}");
    let summary = world.live(&copy).await.unwrap();
    assert_eq!(world.target(LARGE_OBJECTS), world.source(LARGE_OBJECTS));
    let blobs = summary.slowest.iter().find(|object| object.kind == "BLOBS").unwrap();
    assert_eq!((blobs.name.as_str(), blobs.rows), ("large objects", 157));
    // The next night takes the place of what this one left.
    world.source("SELECT lo_unlink(70001), lo_put(70000, 0, 'no longer empty')");
    world.live(&copy).await.unwrap();
    assert_eq!(world.target(LARGE_OBJECTS), world.source(LARGE_OBJECTS));
}

#[tokio::test]
async fn a_large_object_of_somebody_else_is_in_the_way() {
    let world = World::new("CREATE TABLE a (id int); SELECT lo_from_bytea(70000, 'mine');");
    world.server.psql("target", "SELECT lo_from_bytea(70000, 'theirs')").unwrap();
    let error = world.live(&world.copy_in_place("{}")).await.unwrap_err();
    let Error::Restore(failures) = &error else { panic!("{error}") };
    assert_eq!(failures[0].object, "BLOBS large objects");
    assert!(failures[0].message.contains("(oid)=(70000) already exists"), "{error}");
    assert_eq!(world.target("SELECT count(*) FROM a"), "0", "all else is there");
}
