//! Another database as the source.

use pg_replicate::Error;
use pg_replicate::load::LoadSource;

use crate::load::common::{MIGRATIONS, application, constraints, excluding, load, run, state};
use crate::support::World;

/// The same application, in use.
fn source(world: &World) {
    world.source(MIGRATIONS);
    world.source(
        "INSERT INTO structure (name) SELECT 'structure ' || n FROM generate_series(1, 50) n;
         INSERT INTO \"user\" (\"structureId\", email) SELECT n, n || '@example.net' FROM generate_series(1, 50) n;
         UPDATE structure SET \"mainUser\" = 51 - id;
         INSERT INTO message (parent, body) SELECT NULLIF(n - 1, 0), repeat('é', n) FROM generate_series(1, 1000) n;
         SELECT setval('ticket', 555); INSERT INTO migrations (name) VALUES ('only there');",
    );
}

fn database(world: &World) -> Vec<LoadSource> {
    vec![LoadSource::Database(world.url("source_user", "source"))]
}

const ROWS: &str = "SELECT * FROM structure ORDER BY 1; SELECT * FROM \"user\" ORDER BY 1; SELECT * FROM message ORDER BY 1;
    SELECT last_value, is_called FROM structure_id_seq; SELECT last_value, is_called FROM user_id_seq; SELECT last_value, is_called FROM ticket;";

#[tokio::test]
async fn every_row_and_every_sequence() {
    let world = application();
    source(&world);
    let before = constraints(&world);
    let load = excluding(load(&world, database(&world)), &["migrations"]);
    let summary = run(&load).await.unwrap();
    assert_eq!(world.target(ROWS), world.source(ROWS));
    assert_eq!(constraints(&world), before);
    assert_eq!(world.target("SELECT count(*), max(id) FROM migrations"), "2|2");
    let phase = summary.phases.iter().find(|phase| phase.name == "load source").unwrap();
    assert_eq!((phase.objects, phase.rows), (3, 1100));
    assert!(phase.bytes > 0);
}

#[tokio::test]
async fn partitions_inheritance_and_columns_in_another_order() {
    let world = World::new(
        "CREATE TABLE event (id int, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE event_all PARTITION OF event DEFAULT;
         INSERT INTO event VALUES (1, '2023-01-01'), (2, '2024-01-01');
         CREATE TABLE parent (id int, tags text[]); CREATE TABLE child (more text) INHERITS (parent);
         INSERT INTO parent VALUES (1, '{a,NULL}'); INSERT INTO child VALUES (2, '{}', 'x');
         CREATE TABLE mixed (a int, gone text, b text, double int GENERATED ALWAYS AS (a * 2) STORED);
         ALTER TABLE mixed DROP COLUMN gone; INSERT INTO mixed (a, b) VALUES (1, 'b');
         CREATE TABLE \"no columns\" (); INSERT INTO \"no columns\" DEFAULT VALUES;",
    );
    world.target(
        "CREATE TABLE event (id int, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
         CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
         CREATE TABLE parent (id int, tags text[]); CREATE TABLE child (more text) INHERITS (parent);
         CREATE TABLE mixed (b text, double int GENERATED ALWAYS AS (a * 2) STORED, a int);
         CREATE TABLE \"no columns\" (); CREATE TABLE ours (id int); INSERT INTO ours VALUES (1);",
    );
    // A partition only there is no difference: its rows come through the partitioned table.
    run(&load(&world, database(&world))).await.unwrap();
    let rows = "SELECT * FROM event ORDER BY 1; SELECT * FROM ONLY parent; SELECT * FROM child;
        SELECT a, b, double FROM mixed; SELECT count(*) FROM \"no columns\"";
    assert_eq!(world.target(rows), world.source(rows));
    assert_eq!(world.target("SELECT count(*) FROM ours; SELECT count(*) FROM event_old"), "1\n1");
}

#[tokio::test]
async fn differences_are_listed_and_nothing_is_changed() {
    let world = application();
    source(&world);
    world.source("ALTER TABLE message ADD COLUMN mood text; ALTER TABLE structure ALTER COLUMN name TYPE varchar(99); CREATE TABLE new_there (id int)");
    world.target("ALTER TABLE \"user\" ADD COLUMN age int");
    let before = state(&world);
    let error = run(&load(&world, database(&world))).await.unwrap_err();
    let Error::Preflight(problems) = &error else { panic!("{error:?}") };
    assert_eq!(problems.len(), 4);
    let text = error.to_string();
    for part in [
        "columns of message: \"mood\" is only on the source",
        "columns of structure: \"name\" is character varying(99) on the source and text on the target",
        "columns of user: \"age\" is only on the target",
        "the target has no table new_there",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn rows_that_do_not_fit_leave_everything_as_it_was() {
    let world = application();
    source(&world);
    world.target("ALTER TABLE message ADD CHECK (length(body) < 900)");
    let before = state(&world);
    let error = run(&load(&world, database(&world))).await.unwrap_err();
    assert!(error.to_string().contains("message_body_check"), "{error}");
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn the_target_is_never_its_own_source() {
    let world = application();
    let before = state(&world);
    let port = world.server.port();
    for host in ["127.0.0.1", "localhost"] {
        let password: String =
            crate::support::SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let url = format!("postgresql://target_user:{password}@{host}:{port}/target");
        let error = run(&load(&world, vec![url.parse().unwrap()])).await.unwrap_err();
        assert!(error.to_string().contains("is the database that is loaded into"), "{error}");
    }
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn a_role_that_may_not_read_is_told_so() {
    let world = application();
    source(&world);
    world.server.psql("postgres", "REVOKE pg_read_all_data FROM source_user").unwrap();
    world.source("GRANT SELECT ON structure, \"user\" TO source_user");
    let error = run(&load(&world, database(&world))).await.unwrap_err();
    assert!(error.to_string().contains("no SELECT on table message, migrations"), "{error}");
}

#[tokio::test]
async fn a_table_that_row_security_hides_is_refused_on_either_side() {
    let world = application();
    source(&world);
    world.server.psql("postgres", "ALTER ROLE source_user NOBYPASSRLS").unwrap();
    let before = state(&world);
    world.source("ALTER TABLE message ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON message USING (id = 1)");
    let error = run(&load(&world, database(&world))).await.unwrap_err().to_string();
    assert!(error.contains("row security may hide rows of the source's table message"), "{error}");
    world.source("ALTER TABLE message DISABLE ROW LEVEL SECURITY");
    let force = "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY";
    world.target(&format!("ALTER TABLE message {force}; ALTER TABLE structure {force}"));
    let error = run(&load(&world, database(&world))).await.unwrap_err().to_string();
    assert!(error.contains("row security may hide rows of the target's table"), "{error}");
    assert!(error.contains("structure") && error.contains("message"), "{error}");
    world.target("ALTER TABLE message DISABLE ROW LEVEL SECURITY; ALTER TABLE structure DISABLE ROW LEVEL SECURITY");
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn rules_of_the_target_do_not_change_what_is_loaded() {
    let world = application();
    world.target(
        "CREATE RULE note AS ON INSERT TO message DO INSTEAD NOTHING; ALTER TABLE message ENABLE ALWAYS RULE note",
    );
    let path =
        crate::load::common::file(&world, "a.sql", "INSERT INTO message (body) VALUES ('new')");
    run(&crate::load::common::scripts(&world, &[&path])).await.unwrap();
    assert_eq!(world.target("SELECT body FROM message"), "new");
    assert_eq!(world.target("SELECT ev_enabled FROM pg_rewrite WHERE rulename = 'note'"), "A");
}
