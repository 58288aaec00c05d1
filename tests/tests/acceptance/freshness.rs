//! The tables of FRESHNESS_SCHEMA, whichever program has changed the target.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use test_servers::RedisServer;
use test_servers::fakes::ContentApi;

const TABLE: &str = "SELECT rows, mode, verified, snapshot_at IS NULL, run_id = max(run_id) OVER ()
  FROM replication.copied_table WHERE table_name =";

#[test]
fn a_run_writes_down_what_it_has_copied() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let content = ContentApi::start().unwrap();
    let mut programs = Programs::new(&production, &redis.url());
    programs
        .set("LCMS_API_URL", content.url())
        .set("LCMS_API_KEY", ContentApi::KEY)
        .set("VERIFY", "counts")
        .set("FRESHNESS_SCHEMA", "replication");
    let queues = Queues::new(&redis.url());
    let first = programs.run("run", &["full-replication"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    programs
        .set("BACKUP_MODE", r#"{"answers": {"mode": "upsert", "key": "id"}}"#)
        .set("RESTORE_FK_CONSTRAINTS", "false");
    production.on_target(
        "ALTER TABLE \"knowledge-elements\" DROP CONSTRAINT knowledge_elements_answerid_foreign",
    );
    production.on_target("ALTER TABLE answers DROP CONSTRAINT answers_userid_foreign");
    production.on_target("CREATE ROLE analyst; GRANT USAGE ON SCHEMA replication TO analyst; GRANT SELECT ON ALL TABLES IN SCHEMA replication TO analyst");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the run is over", || queues.completed_everywhere(1));

    let of = |table: &str| production.on_target(&format!("{TABLE} '{table}'"));
    assert_eq!(of("users"), "500|full|t|f|t");
    assert_eq!(of("answers"), "2000|upsert|t|f|t");
    let (table, rows) = content.table_sizes().into_iter().next().unwrap();
    assert_eq!(of(&table), format!("{rows}|learning-content||t|t"));
    let runs = "SELECT method, verified FROM replication.run WHERE run_id NOT LIKE '%-run' ORDER BY published_at";
    assert_eq!(production.on_target(runs), "live|t\nincremental|t\nlearning-content|");
    assert_eq!(
        production.on_target("SET ROLE analyst; SELECT count(*) > 5 FROM replication.copied_table"),
        "t"
    );
    // Neither what is compared nor what is dropped.
    let drift = programs.run("run", &["drift"]);
    assert_eq!((drift.code, drift.stdout.as_str()), (Some(0), "no changes\n"), "{}", drift.stderr);
    let verified = programs.run("run", &["verify", "--counts"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);

    programs.unset("BACKUP_MODE");
    let dump = programs.directory().join("app.dump");
    let dumped = std::process::Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&dump)
        .arg(production.source_url())
        .status();
    assert!(dumped.unwrap().success());
    let restored = programs.run("run", &["restore", "--file", "app.dump"]);
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert_eq!(of("users"), "|full||t|t");
    assert_eq!(of("answers"), "|full||t|t");

    production.on_source("CREATE SCHEMA replication");
    let refused = programs.run("run", &["full-replication"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("FRESHNESS_SCHEMA: the source has a schema"),
        "{}",
        refused.stderr
    );
    programs.set("FRESHNESS_SCHEMA", "public");
    assert_eq!(programs.run("run", &["full-replication"]).code, Some(2));
}
