//! A night that fails: who is told, and what the log says.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use serde_json::{Value, json};
use test_servers::RedisServer;
use test_servers::fakes::WebhookReceiver;

#[test]
fn a_failed_night_is_told_to_those_who_asked_and_to_sentry() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let (webhooks, sentry) = (WebhookReceiver::start().unwrap(), WebhookReceiver::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let entries = json!([
        { "url": webhooks.url("/success") },
        { "url": webhooks.url("/failure"), "on": "failure", "format": "json" },
        { "url": webhooks.url("/always"), "on": "always" },
    ]);
    programs
        .set("NOTIFICATIONS", entries.to_string())
        .set("MAX_RETRY_COUNT", "2")
        .set("SENTRY_ENABLED", "true")
        .set("SENTRY_DSN", sentry.url("/42").replacen("http://", "http://key@", 1));
    production.on_source("REVOKE SELECT ON answers FROM source_user;");
    production
        .on_target("CREATE TABLE yesterday (id int); ALTER TABLE yesterday OWNER TO target_user;");

    let mut worker = programs.start("worker", &[]);
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("(Number of attempts: 1/2)");
    worker.wait_for_log("(Number of attempts: 2/2)");
    worker.wait_for_log("Failure notification done");
    let queue = "Replication queue";
    let id = Queues::new(&redis.url()).failed(queue).remove(0);
    wait_until("Sentry has both errors", || {
        let events: Vec<_> = sentry.received().into_iter().map(|event| event.body).collect();
        events.iter().filter(|body| body.contains("Failed job in Replication queue")).count() == 2
    });

    let received = webhooks.received();
    let paths: Vec<_> = received.iter().map(|hook| hook.path.as_str()).collect();
    assert_eq!(paths, ["/failure", "/always"]);
    let report: Value = serde_json::from_str(&received[0].body).unwrap();
    assert_eq!(report["status"], "failure");
    assert!(report["error"].as_str().unwrap().contains("answers"), "{report:#}");
    assert_eq!(report["steps"][0]["job_id"], id);
    assert_eq!(report["steps"][0]["status"], "failure");
    assert!(production.target_has("to_regclass('yesterday') IS NOT NULL"), "nothing was dropped");

    let log = worker.log();
    let failure = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|record| record["msg"].as_str().is_some_and(|msg| msg.starts_with("Failed job")))
        .unwrap();
    assert_eq!((&failure["level"], &failure["status"]), (&json!(50), &json!("error")));
    assert_eq!(failure["queue"], queue);
    let all = sentry.received().iter().fold(log, |all, event| all + &event.body);
    for secret in [Production::PASSWORD, "s3cr%40t"] {
        assert!(!all.contains(secret), "{secret} is told");
    }
}

#[test]
fn a_dump_is_used_again_by_the_next_attempt_and_then_removed() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    programs.set("MAX_RETRY_COUNT", "50").set("EXPONENTIAL_RETRY_DELAY", "1");
    programs.set("BACKUP_METHOD", "archive");
    // A function that cannot be made on the target: its language is not there.
    production.on_target("DROP EXTENSION plpgsql CASCADE");
    production.on_source(
        "CREATE FUNCTION nothing() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;",
    );
    let mut worker = programs.start("worker", &[]);
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("The dump of an earlier attempt is used again");
    assert!(worker.log().contains("nothing()"), "the object is named: {}", worker.log());
    production.server.psql("target", "CREATE EXTENSION plpgsql").unwrap();
    let queues = Queues::new(&redis.url());
    wait_until("the night is over", || queues.completed_everywhere(1));
    assert_eq!(worker.log().matches("Start create Backup").count(), 1, "{}", worker.log());
    assert!(std::fs::read_dir(programs.dumps()).unwrap().next().is_none(), "a dump is left");
    assert_eq!(production.target_rows(), production.source_rows());
}
