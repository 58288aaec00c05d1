//! What has changed on the source since it was copied is seen before the next copy and after it.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use serde_json::{Value, json};
use test_servers::RedisServer;
use test_servers::fakes::{ContentApi, WebhookReceiver};

const CHANGES: &str =
    "ALTER TABLE users ADD nickname text; ALTER TABLE answers DROP \"challengeId\";
  CREATE TABLE badges (id int); GRANT SELECT ON badges TO source_user";
const OF_AN_ANALYST: &str = "CREATE ROLE analyst; CREATE SCHEMA reports AUTHORIZATION analyst;
  GRANT SELECT ON answers TO analyst;
  SET ROLE analyst; CREATE VIEW reports.challenges AS SELECT \"challengeId\" FROM public.answers;";

#[test]
fn drift_on_its_own() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let first = programs.run("run", &["drift"]);
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), "no changes\n"), "{}", first.stderr);
    let copied = programs.run("run", &["full-replication", "--json"]);
    assert_eq!(copied.code, Some(0), "{}", copied.stderr);
    assert!(!copied.stdout.contains("drift"), "{}", copied.stdout);
    let equal = programs.run("run", &["drift", "--json"]);
    assert_eq!(equal.code, Some(0), "{}", equal.stderr);
    let report: Value = serde_json::from_str(&equal.stdout).unwrap();
    assert_eq!(report, json!({"changes": [], "rules": []}));

    production.on_source(CHANGES);
    let harmless = programs.run("run", &["drift"]);
    assert_eq!(harmless.code, Some(0), "{}", harmless.stdout);
    production.on_target(OF_AN_ANALYST);
    let broken = programs.run("run", &["drift"]);
    assert_eq!(broken.code, Some(1), "{}", broken.stdout);
    for text in [
        "view reports.challenges (of role analyst), breaks",
        "1 new table, 1 new column, 1 gone column; 1 object of another role breaks",
    ] {
        assert!(broken.stdout.contains(text), "{}", broken.stdout);
    }
    programs.set("BACKUP_MODE", r#"{"answers": "none", "users": {"keep": ["id", "name"]}}"#);
    let rule = programs.run("run", &["drift"]);
    assert_eq!(rule.code, Some(1), "{}", rule.stdout);
    assert!(rule.stdout.contains("has no column \"name\""), "{}", rule.stdout);
    programs.set("BACKUP_MODE", "[]");
    assert_eq!(programs.run("run", &["drift"]).code, Some(2));
    programs.unset("BACKUP_MODE").set("SOURCE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x");
    assert_eq!(programs.run("run", &["drift"]).code, Some(3));
}

#[test]
fn drift_in_the_log_the_result_and_the_notification_of_a_run() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let (content, webhooks) = (ContentApi::start().unwrap(), WebhookReceiver::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let entries = json!([{ "url": webhooks.url("/report"), "format": "json" }]);
    programs
        .set("LCMS_API_URL", content.url())
        .set("LCMS_API_KEY", ContentApi::KEY)
        .set("NOTIFICATIONS", entries.to_string());
    let queues = Queues::new(&redis.url());
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    // In the second run, the tables of the learning content are not on the source, and have not gone.
    for run in 1..=3 {
        if run == 3 {
            production.on_target(OF_AN_ANALYST);
            production.on_source(CHANGES);
        }
        assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
        wait_until("the run is over", || queues.completed_everywhere(run));
        assert_eq!(worker.log().contains("The source has changed"), run == 3, "{}", worker.log());
    }
    let bodies: Vec<Value> = webhooks
        .received()
        .iter()
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect();
    assert!(bodies[1]["steps"][0].get("drift").is_none(), "{}", bodies[1]);
    let drift = &bodies[2]["steps"][0]["drift"];
    assert_eq!(
        drift["changes"][0],
        json!({
            "table": "answers", "column": "challengeId", "change": "gone", "before": "text NOT NULL",
            "used_by": [{"object": "view reports.challenges", "owner": "analyst", "breaks": true}],
        })
    );
    assert_eq!(drift["changes"].as_array().unwrap().len(), 3);
    let job = queues.json("Replication queue", "4", "returnvalue").unwrap();
    assert_eq!(&job["drift"], drift);
}
