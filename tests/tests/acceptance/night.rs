//! A whole night through the real programs.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use serde_json::{Value, json};
use test_servers::RedisServer;
use test_servers::fakes::{ContentApi, WebhookReceiver};

#[test]
fn a_night_copies_chains_and_notifies() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let (content, webhooks) = (ContentApi::start().unwrap(), WebhookReceiver::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let entries = json!([
        { "url": webhooks.url("/plain"), "token": "a token" },
        { "url": webhooks.url("/report"), "format": "json" },
        { "url": webhooks.url("/failure"), "on": "failure" },
    ]);
    programs
        .set("LCMS_API_URL", content.url())
        .set("LCMS_API_KEY", ContentApi::KEY)
        .set("NOTIFICATIONS", entries.to_string());
    let queues = Queues::new(&redis.url());

    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    let restart = programs.run("restart", &["full-replication"]);
    assert_eq!(
        (restart.code, restart.stdout.as_str()),
        (Some(0), "Added job 2 to Replication queue.\n")
    );
    wait_until("the night is over", || queues.completed_everywhere(1));

    assert_eq!(production.target_rows(), production.source_rows());
    assert!(production.target_has("count(*) = 50 FROM \"schooling-registrations\""));
    for index in [
        "knowledge-elements_createdAt_idx",
        "knowledge-element-snapshots_snappedAt_idx",
        "answers_challengeId_idx",
        "users_createdAt_idx",
    ] {
        assert!(
            production.target_has(&format!("to_regclass('public.\"{index}\"') IS NOT NULL")),
            "{index}"
        );
    }
    for (table, items) in content.table_sizes() {
        assert!(production.target_has(&format!("count(*) = {items} FROM \"{table}\"")), "{table}");
    }
    let messages = worker.messages();
    assert_in_order(
        &messages,
        &[
            "Starting job in Replication queue: 2",
            "Start import and enrichment",
            "Import data from API database",
            "Start create Backup",
            "End create Backup",
            "Start drop Objects AndRestoreBackup",
            "End drop Objects AndRestoreBackup",
            "Start restore Backup",
            "Start restore",
            "Restore done",
            "End restore Backup",
            "Start create view",
            "End create view",
            "Enrich imported data",
            "enrichment.add - Started",
            "CREATE INDEX \"answers_challengeId_idx\" - Started",
            "CREATE INDEX \"answers_challengeId_idx\" - Ended",
            "enrichment.add - Ended",
            "Completed job in Replication queue: 2",
            "Starting job in Incremental replication queue: 1",
            "No incremental tables configured",
            "Completed job in Incremental replication queue: 1",
            "Starting job in Learning Content replication queue: 1",
            "learningContent.run - Started",
            "learningContent.run - Ended",
            "Starting job in Notification queue: 1",
            "Start notification",
            &format!("Notify {}", webhooks.url("/plain")),
            "Notification done",
            "Import and enrichment done",
            "Completed job in Notification queue: 1",
        ],
    );

    let received = webhooks.received();
    assert_eq!(
        received.iter().map(|hook| hook.path.as_str()).collect::<Vec<_>>(),
        ["/plain", "/report"]
    );
    assert_eq!(
        (received[0].body.as_str(), received[0].authorization.as_deref()),
        ("{}", Some("a token"))
    );
    let report: Value = serde_json::from_str(&received[1].body).unwrap();
    assert_eq!(report["status"], "success");
    let steps: Vec<_> =
        report["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(
        steps,
        ["full-replication", "incremental-replication", "learning-content-replication"]
    );
    assert!(report["steps"][2]["rows"].as_u64().unwrap() > 0, "{report:#}");

    let progress = queues.json("Replication queue", "2", "progress").unwrap();
    assert_eq!(progress["percent"], 100.0, "{progress}");
    let lines: Vec<String> =
        queues.query(&["LRANGE", "bull:Replication queue:2:logs", "0", "-1"]).unwrap();
    assert!(lines.iter().any(|line| line.ends_with("Start create Backup")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("launching item")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("Slowest objects: ")), "{lines:?}");
    let returned = queues.json("Replication queue", "2", "returnvalue").unwrap();
    let slowest = returned["slowest"].as_array().unwrap();
    assert!(slowest.iter().all(|object| object["kind"].is_string()), "{returned}");
    assert_eq!(slowest.len(), 10, "{returned}");
    assert!(std::fs::read_dir(programs.dumps()).unwrap().next().is_none(), "a dump is left");
    assert_no_secret(&worker.log());
    for end in ["launching", "finished"] {
        let is_it = |line: &str| line.contains(end) && line.contains("TABLE DATA public.answers");
        assert!(worker.log().lines().any(is_it), "{end} in {}", worker.log());
    }

    let run_ids: Vec<_> = worker
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record["job_id"].is_string())
        .map(|record| record["run_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        run_ids.len() > 20 && run_ids.iter().all(|id| *id == run_ids[0]),
        "one run: {run_ids:?}"
    );
}

#[test]
fn the_schedule_starts_a_night() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    programs.set("SCHEDULE", "* * * * *");
    let queues = Queues::new(&redis.url());
    let mut schedulers = [programs.start("scheduler", &[]), programs.start("scheduler", &[])];
    let mut workers = [
        programs.start("worker", &["--no-scheduler"]),
        programs.start("worker", &["--no-scheduler"]),
    ];
    wait_until("a night has run", || queues.count("Notification queue", "completed") >= 1);
    for program in schedulers.iter_mut().chain(&mut workers) {
        program.signal(nix::sys::signal::Signal::SIGTERM);
    }
    let starts: usize = workers
        .iter()
        .map(|worker| worker.log().matches("Starting job in Replication queue: repeat:").count())
        .sum();
    let nights = queues.count("Replication queue", "completed");
    assert_eq!(starts as u64, nights, "two schedulers and two workers run a tick once");
    assert_eq!(production.target_rows(), production.source_rows());
}

#[test]
fn tables_that_are_kept_get_new_rows_only() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let first = programs.run("run", &["full-replication"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);

    production.on_source(
        r#"INSERT INTO users (email) VALUES ('new@example.net');
           INSERT INTO answers ("challengeId", "userId") SELECT 'new', 501 FROM generate_series(1, 5);
           UPDATE answers SET "challengeId" = 'changed' WHERE id = 1;
           INSERT INTO "answers-archive" ("challengeId", "userId") VALUES ('new', 1);
           DELETE FROM "knowledge-elements" WHERE id > 1990;"#,
    );
    production.on_target(
        "ALTER TABLE answers DROP CONSTRAINT answers_userid_foreign;
        ALTER TABLE \"knowledge-elements\" DROP CONSTRAINT knowledge_elements_answerid_foreign;",
    );
    programs
        .set("BACKUP_MODE", r#"{"answers":"incremental","knowledge-elements":"none"}"#)
        .set("RESTORE_FK_CONSTRAINTS", "false");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    let queues = Queues::new(&redis.url());
    wait_until("the night is over", || queues.completed_everywhere(1));

    assert!(production.target_has("count(*) = 501 FROM users"));
    assert!(production.target_has("count(*) = 2005 FROM answers"));
    assert!(production.target_has("\"challengeId\" <> 'changed' FROM answers WHERE id = 1"));
    assert!(production.target_has("count(*) = 2000 FROM \"knowledge-elements\""));
    let archived = production.on_source("SELECT count(*) FROM \"answers-archive\"");
    assert_eq!(production.on_target("SELECT count(*) FROM \"answers-archive\""), archived);
    assert_eq!(production.on_target("SELECT nextval('answers_id_seq')"), "2006");
    let messages = worker.messages();
    assert_in_order(
        &messages,
        &[
            "Start incremental replication",
            "answers last record index target 2000",
            "Start COPY FROM/TO through STDIN/OUT",
            "answers last record index target after replication 2005",
            "Total of answers imported 5",
            "Incremental replication done",
        ],
    );
}

/// Each of `wanted` stands in `messages`, after the one before it.
fn assert_in_order(messages: &[String], wanted: &[&str]) {
    let mut rest = messages.iter();
    for text in wanted {
        assert!(
            rest.any(|message| message == text),
            "\"{text}\" is missing, or out of order, in:\n{messages:#?}"
        );
    }
}

fn assert_no_secret(log: &str) {
    for secret in [Production::PASSWORD, "s3cr%40t", ContentApi::KEY, "a token"] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
}
