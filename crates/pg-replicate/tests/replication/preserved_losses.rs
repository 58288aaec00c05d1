//! Nothing of what is given back is lost, and nothing more is granted than before.

use std::process::Command;

use crate::preserved::{SOURCE, again, copied};
use pg_replicate::on_target::preserved::give_back;
use progress::Context;

#[tokio::test]
async fn a_view_whose_index_name_is_taken_is_not_forgotten() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    let theirs = "SET ROLE analyst; CREATE MATERIALIZED VIEW public.stored AS SELECT id FROM a; CREATE INDEX taken ON stored (id);
      CREATE VIEW reports.replaced AS SELECT id FROM a";
    world.server.psql("target", theirs).unwrap();
    world.source("CREATE INDEX taken ON a (name)");
    let copy = world.copy_in_place("{}");
    copy.preflight_live(2).await.unwrap();
    copy.live(&world.live_options(), &Context::quiet()).await.unwrap();
    world.target("CREATE TABLE reports.replaced ()");
    give_back(&copy.target, &Context::quiet()).await.unwrap();
    let left = "SELECT object, reason FROM replication_preserved.object ORDER BY 1";
    assert_eq!(
        world.target(left),
        "materialized view public.stored|relation \"taken\" already exists (42P07)\n\
         view reports.replaced|relation \"replaced\" already exists (42P07)"
    );
}

#[tokio::test]
async fn grants_that_failed_are_not_overwritten() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst; GRANT SELECT ON a TO \"Odd role\"; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
      REVOKE ALL ON FUNCTION twice FROM PUBLIC");
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    let copy = world.copy("{}");
    copy.preflight_live(2).await.unwrap();
    copy.live(&world.live_options(), &Context::quiet()).await.unwrap();
    // Killed here; the new tables have only what default privileges gave.
    again(&world, "live").await;
    let may = "SELECT has_table_privilege('analyst', 'a', 'SELECT'),
      has_table_privilege('Odd role', 'a', 'SELECT'), (SELECT count(*) FROM aclexplode(relacl)) FROM pg_class WHERE oid = 'a'::regclass";
    assert_eq!(world.target(may), "t|t|10");
    assert_eq!(
        world.target("SELECT has_function_privilege('analyst', 'twice(int)', 'EXECUTE')"),
        "f"
    );
}

#[tokio::test]
async fn grants_on_columns_do_not_go_with_one_that_is_gone() {
    let world = copied(SOURCE).await;
    world.target(
        "GRANT SELECT (id, name, secret) ON a TO analyst; GRANT SELECT ON shop.b TO analyst",
    );
    world.source("ALTER TABLE a DROP secret");
    again(&world, "live").await;
    let may = "SELECT has_column_privilege('analyst', 'a', 'id', 'SELECT'), has_column_privilege('analyst', 'a', 'name', 'SELECT'),
      has_table_privilege('analyst', 'shop.b', 'SELECT'), statements FROM replication_preserved.object";
    assert_eq!(world.target(may), "t|t|t|{\"GRANT SELECT (secret) ON TABLE public.a TO analyst\"}");
}

/// What waits for a lock would otherwise wait as long as an analyst's transaction stays open.
#[tokio::test]
async fn a_table_that_its_owner_uses_does_not_stop_a_run() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT, REFERENCES ON a TO analyst");
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    world
        .server
        .psql("target", "SET ROLE analyst; CREATE TABLE reports.theirs (id int REFERENCES a)")
        .unwrap();
    let copy = world.copy_in_place("{}");
    copy.preflight_live(2).await.unwrap();
    copy.live(&world.live_options(), &Context::quiet()).await.unwrap();
    let (client, connection) =
        tokio_postgres::connect(&world.server.superuser_url("target"), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; INSERT INTO reports.theirs VALUES (1)").await.unwrap();
    give_back(&copy.target, &Context::quiet()).await.unwrap();
    let reason = "SELECT reason FROM replication_preserved.object";
    assert_eq!(world.target(reason), "canceling statement due to lock timeout (55P03)");
}

#[tokio::test]
async fn a_role_that_does_not_inherit_gives_back_too() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    world.server.psql("target", "GRANT ALL ON SCHEMA public TO target_user").unwrap();
    world
        .server
        .psql("postgres", "ALTER ROLE target_user NOINHERIT; GRANT analyst TO target_user")
        .unwrap();
    let theirs = "SET ROLE analyst; CREATE MATERIALIZED VIEW reports.stored AS SELECT id FROM a;
      CREATE INDEX ids ON reports.stored (id); CREATE TABLE reports.theirs (id int CHECK (public.twice(id) > 0))";
    world.server.psql("target", theirs).unwrap();
    again(&world, "live").await;
    let found = "SELECT count(*), to_regclass('reports.ids'), to_regnamespace('replication_preserved') FROM reports.stored";
    assert_eq!(world.server.psql("target", found).unwrap(), "2|reports.ids|");
}

#[tokio::test]
async fn default_privileges_of_a_schema_do_not_grant_what_was_revoked() {
    let world = copied(SOURCE).await;
    world.target("GRANT USAGE ON SCHEMA shop TO analyst; ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO analyst");
    let may =
        "SELECT has_table_privilege('analyst', 'shop.b', 'SELECT'), to_regclass('shop.later')";
    assert_eq!(world.target(may), "f|");
    world.source("CREATE TABLE shop.later (id int)");
    again(&world, "live").await;
    assert_eq!(world.target(may), "f|shop.later");
    assert_eq!(world.target("SELECT has_table_privilege('analyst', 'shop.later', 'SELECT')"), "t");
}

#[tokio::test]
async fn the_sources_own_store_is_not_copied() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    let store = include_str!("../../sql/on_target/preserved/create_store.sql");
    world.source(&format!("{store}; INSERT INTO replication_preserved.object (object, kind, owner, statements, may_be_ours)
       VALUES ('view x', 'definition', 'producer', '{{CREATE TABLE public.from_the_source ()}}', true)"));
    for way in ["live", "archive"] {
        again(&world, way).await;
        assert_eq!(world.target("SELECT to_regclass('public.from_the_source'), has_table_privilege('analyst', 'a', 'SELECT')"), "|t", "{way}");
    }
}

#[tokio::test]
async fn a_store_in_an_archive_is_not_restored() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    let store = include_str!("../../sql/on_target/preserved/create_store.sql");
    world.source(&format!(
        "{store}; INSERT INTO replication_preserved.object (object, kind, owner, statements, may_be_ours)
           VALUES ('view x', 'definition', 'producer', '{{CREATE TABLE public.from_the_source ()}}', true)"
    ));
    let dumped = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(world.dump())
        .arg(world.server.superuser_url("source"))
        .status();
    assert!(dumped.unwrap().success());
    let copy = world.copy("{}");
    copy.drop_objects(&Context::quiet()).await.unwrap();
    copy.restore(&world.dump(), &Context::quiet()).await.unwrap();
    give_back(&copy.target, &Context::quiet()).await.unwrap();
    let found =
        "SELECT to_regclass('public.from_the_source'), to_regnamespace('replication_preserved'),
      has_table_privilege('analyst', 'a', 'SELECT')";
    assert_eq!(world.target(found), "||t");
}

#[tokio::test]
async fn what_stands_on_the_store_does_not_fail_a_run() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    world.copy("{}").drop_objects(&Context::quiet()).await.unwrap();
    world.server.psql("target", "CREATE VIEW public.pending AS SELECT object FROM replication_preserved.object; CREATE TABLE replication_preserved.notes ()").unwrap();
    again(&world, "live").await;
    again(&world, "live").await;
    let _ = give_back(&world.copy("{}").target, &Context::quiet()).await.unwrap();
}

#[tokio::test]
async fn a_disabled_trigger_and_a_domain_come_back_as_they_were() {
    let world = copied(SOURCE).await;
    world.target("GRANT SELECT ON a TO analyst");
    world.server.psql("postgres", "GRANT analyst TO target_user").unwrap();
    world.source("CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE DOMAIN base AS text");
    again(&world, "live").await;
    world.server.psql("target", "SET ROLE analyst; CREATE TABLE reports.theirs (id int);
       CREATE TRIGGER fires AFTER INSERT ON reports.theirs FOR EACH ROW EXECUTE FUNCTION public.fires();
       ALTER TABLE reports.theirs DISABLE TRIGGER fires;
       CREATE DOMAIN reports.d AS public.base DEFAULT 'x' NOT NULL CONSTRAINT long CHECK (VALUE <> 'y')").unwrap();
    again(&world, "live").await;
    let state = "SELECT tgenabled FROM pg_trigger WHERE tgname = 'fires' AND tgrelid = 'reports.theirs'::regclass;
      SELECT typnotnull, typdefault, (SELECT count(*) FROM pg_constraint WHERE contypid = t.oid), typowner::regrole FROM pg_type t WHERE oid = to_regtype('reports.d')";
    assert_eq!(world.server.psql("target", state).unwrap(), "D\nt|'x'::text|1|analyst");
}
