//! Where sequences stand after a load.

use pg_replicate::load::LoadSource;

use crate::load::common::{application, file, load, run, run_text, scripts};
use crate::support::World;

const BEYOND: &str =
    "CREATE TABLE wide (id serial PRIMARY KEY); ALTER TABLE wide ALTER id TYPE bigint;";

fn sequence(world: &World, name: &str) -> String {
    world.target(&format!("SELECT last_value, is_called FROM {name}"))
}

fn of_source(world: &World) -> Vec<LoadSource> {
    vec![LoadSource::Database(world.url("source_user", "source"))]
}

/// A serial column that was made bigint keeps a sequence of integers.
#[tokio::test]
async fn ids_beyond_the_end_of_their_sequence() {
    let world = application();
    world.target(BEYOND);
    run_text(&world, "INSERT INTO wide VALUES (7), (3000000000)").await.unwrap();
    assert_eq!(sequence(&world, "wide_id_seq"), "7|t");
    run_text(&world, "INSERT INTO wide VALUES (3000000000)").await.unwrap();
    assert_eq!(sequence(&world, "wide_id_seq"), "1|f");
    run_text(&world, "INSERT INTO wide VALUES (2147483647), (3000000000)").await.unwrap();
    assert_eq!(sequence(&world, "wide_id_seq"), "2147483647|t");

    // The source's own sequence was made wider, the target's was not.
    world.source(BEYOND);
    world.source("ALTER SEQUENCE wide_id_seq AS bigint; SELECT setval('wide_id_seq', 3000000000); INSERT INTO wide VALUES (9)");
    world.source("INSERT INTO wide VALUES (DEFAULT)");
    run(&load(&world, of_source(&world))).await.unwrap();
    assert_eq!(world.target("SELECT * FROM wide ORDER BY 1"), "9\n3000000001");
    assert_eq!(sequence(&world, "wide_id_seq"), "9|t");
}

/// The last value of all cannot be gone beyond; a sequence may count what is not a number.
#[tokio::test]
async fn a_sequence_at_its_end_and_one_of_text() {
    let world = application();
    world.target(
        "CREATE SEQUENCE invoice_number; CREATE TABLE invoice (number text DEFAULT 'I-' || nextval('invoice_number'), id bigserial);
         ALTER SEQUENCE invoice_number OWNED BY invoice.number;",
    );
    let most = i64::MAX;
    run_text(&world, &format!("INSERT INTO invoice VALUES ('I-5', {most}); SELECT setval('invoice_id_seq', {most}); SELECT setval('invoice_number', 5)"))
        .await
        .unwrap();
    assert_eq!(sequence(&world, "invoice_id_seq"), format!("{most}|t"));
    assert_eq!(sequence(&world, "invoice_number"), "5|t");
    run_text(&world, &format!("INSERT INTO invoice VALUES ('I-6', {most})")).await.unwrap();
    assert_eq!(sequence(&world, "invoice_id_seq"), format!("{most}|t"));
}

#[tokio::test]
async fn what_the_source_sets_stays_where_it_sets_it() {
    let world = application();
    let rows = "INSERT INTO message (id) VALUES (50), (60);";
    for set in [
        "SELECT pg_catalog.setval('public.message_id_seq', 7, true);",
        "SELECT setval(pg_get_serial_sequence('message', 'id'), 7);",
    ] {
        for script in [format!("{rows} {set}"), format!("{set} {rows}")] {
            run_text(&world, &script).await.unwrap();
            assert_eq!(sequence(&world, "message_id_seq"), "7|t", "{script}");
        }
    }
    // Rows that another source adds are not those that it was set for.
    let first = file(&world, "first.sql", format!("{rows} SELECT setval('message_id_seq', 7);"));
    let second = file(&world, "second.sql", "INSERT INTO message (id) VALUES (70)");
    run(&scripts(&world, &[&first, &second])).await.unwrap();
    assert_eq!(sequence(&world, "message_id_seq"), "70|t");
    run(&scripts(&world, &[&second, &first])).await.unwrap();
    assert_eq!(sequence(&world, "message_id_seq"), "7|t");

    world.source(crate::load::common::MIGRATIONS);
    world.source("INSERT INTO message (id) VALUES (50); SELECT setval('message_id_seq', 5)");
    run(&load(&world, of_source(&world))).await.unwrap();
    assert_eq!(sequence(&world, "message_id_seq"), "5|t");
}
