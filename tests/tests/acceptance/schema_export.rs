//! The daily schema export: a job of its own, beside the night.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use test_servers::RedisServer;

const QUEUE: &str = "Schema export queue";

fn repeatables(queues: &Queues, queue: &str) -> Vec<String> {
    queues.query(&["ZRANGE", &format!("bull:{queue}:repeat"), "0", "-1"]).unwrap_or_default()
}

#[test]
fn at_noon_by_hand_and_off_again() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    production.server.create_database("schema_copy", "target_user").unwrap();
    production.on_target(
        "SET ROLE target_user; CREATE TABLE users (id serial PRIMARY KEY, name text);
         CREATE VIEW names AS SELECT name FROM users; INSERT INTO users (name) VALUES ('x');",
    );
    let copy = |sql: &str| production.server.psql("schema_copy", sql).unwrap();
    // What stands there under the same name goes; what nobody else knows stays.
    copy("SET ROLE target_user; CREATE TABLE users (old int); CREATE TABLE only_here (id int)");
    let queues = Queues::new(&redis.url());
    let mut programs = Programs::new(&production, &redis.url());

    let refused = programs.run("restart", &["export-schema"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let nowhere = programs.run("run", &["export-schema"]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("DB_SCHEMA_EXPORTER_DATABASE_TARGET is not set"));
    programs.set("DB_SCHEMA_EXPORTER_ENABLED", "true");
    let without = programs.run("worker", &["--check"]);
    assert_eq!(without.code, Some(2));
    assert!(without.stderr.contains("DB_SCHEMA_EXPORTER_DATABASE_TARGET"), "{}", without.stderr);
    programs.set("DB_SCHEMA_EXPORTER_DATABASE_TARGET", production.target_url());
    let itself = programs.run("run", &["export-schema"]);
    assert_eq!(itself.code, Some(2));
    assert!(itself.stderr.contains("the database of DATABASE_URL"), "{}", itself.stderr);

    let url = production.target_url();
    programs.set(
        "DB_SCHEMA_EXPORTER_DATABASE_TARGET",
        format!("{}/schema_copy", url.rsplit_once('/').unwrap().0),
    );
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("The next schema export starts at");
    worker.wait_for_log(&format!("No active jobs to be marked as failed for queue {QUEUE}"));
    let noon = repeatables(&queues, QUEUE);
    assert_eq!(noon.len(), 1);
    assert!(noon[0].contains("Europe/Paris") && noon[0].contains("0 12 * * *"), "{noon:?}");
    let night = repeatables(&queues, "Replication queue");
    assert_eq!(night.len(), 1);

    assert_eq!(programs.run("restart", &["export-schema"]).code, Some(0));
    wait_until("the export has ended", || {
        queues.count(QUEUE, "completed") + queues.count(QUEUE, "failed") == 1
    });
    assert_eq!(queues.count(QUEUE, "completed"), 1, "{}", worker.log());
    assert_eq!(
        copy("SELECT count(*), (SELECT count(*) FROM names), to_regclass('only_here') FROM users"),
        "0|0|only_here"
    );
    assert!(Queues::NAMES.iter().all(|queue| queues.count(queue, "completed") == 0));
    let log = worker.log();
    assert!(log.contains("\"event\":\"db-schema-exporter\""), "{log}");
    worker.kill();

    programs.set("DB_SCHEMA_EXPORTER_ENABLED", "false");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    wait_until("noon is off", || repeatables(&queues, QUEUE).is_empty());
    assert_eq!(repeatables(&queues, "Replication queue"), night);
}

#[test]
fn a_schema_that_cannot_be_replaced_is_left_as_it_was() {
    let production = Production::start();
    production.server.create_database("schema_copy", "target_user").unwrap();
    production
        .on_target("SET ROLE target_user; CREATE TABLE a (id int); CREATE TABLE users (id int)");
    let copy = |sql: &str| production.server.psql("schema_copy", sql).unwrap();
    copy(
        "SET ROLE target_user; CREATE TABLE a (x int); INSERT INTO a VALUES (1);
          CREATE TABLE users (old int); CREATE VIEW needs AS SELECT * FROM users",
    );
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let url = production.target_url();
    programs.set(
        "DB_SCHEMA_EXPORTER_DATABASE_TARGET",
        format!("{}/schema_copy", url.rsplit_once('/').unwrap().0),
    );
    let finished = programs.run("run", &["export-schema"]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("view public.needs depends on table public.users"),
        "{}",
        finished.stderr
    );
    assert_eq!(copy("SELECT x FROM a"), "1");
}
