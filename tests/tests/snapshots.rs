//! Snapshots: kept when the data has changed, restored when it is wanted, missed when it is late.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::path::Path;

use acceptance_tests::{Finished, Production, Programs, Queues, wait_until};
use age::secrecy::ExposeSecret;
use local_services::RedisServer;
use local_services::demo::WebhookReceiver;
use nix::sys::signal::Signal;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/snapshots.md");

const QUEUE: &str = "Snapshot queue";

/// As in Django's databases, beside the tables of the source.
const CHECKOUTS: &str = "
    CREATE TABLE checkouts_airstrip (id serial PRIMARY KEY, ident varchar(4), is_base bool);
    CREATE TABLE checkouts_checkout (id serial PRIMARY KEY, airstrip_id int REFERENCES checkouts_airstrip, day date);
    CREATE TABLE django_session (session_key text PRIMARY KEY);
    INSERT INTO checkouts_airstrip (ident, is_base) VALUES ('ID1', true), ('ID2', false);
    INSERT INTO checkouts_checkout (airstrip_id, day) VALUES (1, '2026-11-21');
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO source_user;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO source_user;
";

fn world(redis_url: &str) -> (Production, Programs) {
    let production = Production::start();
    production.on_source(CHECKOUTS);
    let mut programs = Programs::new(&production, redis_url);
    let store = programs.directory().join("store");
    std::fs::create_dir(&store).unwrap();
    programs.set("SNAPSHOT_STORE", format!("file://{}", store.display()));
    (production, programs)
}

fn ok(finished: &Finished) -> &Finished {
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let all = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!all.contains(Production::PASSWORD) && !all.contains("s3cr%40t"), "{all}");
    finished
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&ok(finished).stdout).unwrap()
}

fn listed(programs: &Programs) -> Vec<Value> {
    json(&programs.run("run", &["snapshots", "--json"])).as_array().unwrap().clone()
}

fn archives(programs: &Programs) -> usize {
    let is_archive = |name: &str| name.contains(".tar.") && !name.ends_with(".json");
    let store = std::fs::read_dir(programs.directory().join("store")).unwrap();
    store.filter(|entry| is_archive(&entry.as_ref().unwrap().file_name().to_string_lossy())).count()
}

#[test]
fn the_lines_of_the_document() {
    let (production, programs) = world("redis://127.0.0.1:1");
    let example = DOCUMENT.split("```").nth(1).unwrap();
    let lines: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("$ run ")).collect();
    assert_eq!(lines.len(), 6);
    let mut outputs = Vec::new();
    for line in &lines {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let finished = programs.run("run", &arguments);
        outputs.push(ok(&finished).stdout.clone());
    }
    assert!(outputs[0].contains(" is kept, "), "{}", outputs[0]);
    let second: Value = serde_json::from_str(&outputs[1]).unwrap();
    assert_eq!(second["kept"], false, "{second}");
    assert!(outputs[2].contains(" is kept, "), "forced: {}", outputs[2]);
    assert!(outputs[3].contains("encrypted") && outputs[3].contains("custom"), "{}", outputs[3]);
    let entries: Value = serde_json::from_str(&outputs[4]).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["problem"], Value::Null);
    assert_eq!(entries[1], second["snapshot"], "the newest first");
    assert_eq!(production.target_rows(), production.source_rows());
    assert_eq!(std::fs::read_dir(programs.dumps()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn only_changes_of_watched_tables_are_kept_and_any_of_them_comes_back() {
    let (production, mut programs) = world("redis://127.0.0.1:1");
    programs.set("SNAPSHOT_IGNORE_TABLES", "django_session").set("SNAPSHOT_KEEP", "last=2");
    let take = |programs: &Programs| json(&programs.run("run", &["snapshot", "--json"]));
    let first = take(&programs);
    assert_eq!(first["kept"], true);
    let before = production.source_rows();
    for no_change in [
        "SELECT 1",
        "UPDATE checkouts_airstrip SET ident = ident",
        "INSERT INTO django_session VALUES ('x')",
    ] {
        production.on_source(no_change);
        assert_eq!(take(&programs)["kept"], false, "{no_change}");
        assert_eq!(archives(&programs), 1, "{no_change}");
    }
    production.server.psql("source", "VACUUM FULL checkouts_airstrip").unwrap();
    assert_eq!(take(&programs)["kept"], false);
    production.on_source("UPDATE checkouts_airstrip SET ident = 'ID3' WHERE id = 2");
    let second = take(&programs);
    assert_eq!((&second["kept"], archives(&programs)), (&Value::Bool(true), 2));

    let name = first["snapshot"]["name"].as_str().unwrap();
    ok(&programs.run("run", &["restore", "--from", name]));
    assert_eq!(production.target_rows().len(), before.len());
    assert!(production.target_has("(SELECT ident = 'ID2' FROM checkouts_airstrip WHERE id = 2)"));
    ok(&programs.run("run", &["restore", "--from", "latest"]));
    assert!(production.target_has("(SELECT ident = 'ID3' FROM checkouts_airstrip WHERE id = 2)"));

    production.on_source("DELETE FROM checkouts_checkout");
    let third = take(&programs);
    assert_eq!(third["pruned"], serde_json::json!([name]), "{third}");
    assert_eq!(listed(&programs).len(), 2);
}

#[test]
fn an_encrypted_archive_with_fixtures_goes_there_and_back() {
    let (production, mut programs) = world("redis://127.0.0.1:1");
    let secret = age::x25519::Identity::generate();
    let file = programs.directory().join("snapshots.key");
    std::fs::write(&file, secret.to_string().expose_secret()).unwrap();
    programs
        .set("SNAPSHOT_RECIPIENT", secret.to_public().to_string())
        .set("SNAPSHOT_COMPRESSION", "gzip");
    let arguments = ["snapshot", "--fixtures", "checkouts_*", "--json"];
    let taken = json(&programs.run("run", &arguments));
    assert_eq!(taken["snapshot"]["encrypted"], true);
    let name = taken["snapshot"]["name"].as_str().unwrap();
    assert!(name.ends_with(".tar.gz.age"), "{name}");

    let refused = programs.run("run", &["restore", "--from", "latest"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("is encrypted"), "{}", refused.stderr);
    programs.set("SNAPSHOT_IDENTITY_FILE", file.display().to_string());
    ok(&programs.run("run", &["restore", "--from", "latest"]));
    assert_eq!(production.target_rows(), production.source_rows());

    // What stands in it, by other programs' eyes.
    let mut archive = Vec::new();
    let stored = std::fs::File::open(programs.directory().join("store").join(name)).unwrap();
    let mut reader = age::Decryptor::new(std::io::BufReader::new(stored))
        .unwrap()
        .decrypt(std::iter::once(&secret as &dyn age::Identity))
        .unwrap();
    std::io::copy(&mut reader, &mut archive).unwrap();
    let unpacked = unpack(programs.directory(), &archive);
    let fixture =
        std::fs::read_to_string(unpacked.join("fixtures/checkouts_checkout.json")).unwrap();
    assert_eq!(
        fixture,
        "[\n{\"model\":\"checkouts.checkout\",\"pk\":1,\"fields\":{\"airstrip\":1,\"day\":\"2026-11-21\"}}\n]\n"
    );
    let manifest = std::fs::read_to_string(unpacked.join("manifest.json")).unwrap();
    assert!(manifest.contains("fixtures/checkouts_airstrip.json"), "{manifest}");

    let wrong = programs.run("run", &["snapshot", "--force", "--fixtures", "checkouts_*,nobody"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("no table is named nobody"), "{}", wrong.stderr);
    assert_eq!(archives(&programs), 1);
}

fn unpack(directory: &Path, archive: &[u8]) -> std::path::PathBuf {
    let (file, to) = (directory.join("archive.tar.gz"), directory.join("unpacked"));
    std::fs::write(&file, archive).unwrap();
    std::fs::create_dir(&to).unwrap();
    let tar = std::process::Command::new("tar")
        .arg("-xzf")
        .arg(&file)
        .arg("-C")
        .arg(&to)
        .status()
        .unwrap();
    assert!(tar.success());
    to
}

#[test]
fn what_is_damaged_or_plain_or_unknown_is_refused_before_anything_is_dropped() {
    let (production, mut programs) = world("redis://127.0.0.1:1");
    production.on_target("SET ROLE target_user; CREATE TABLE before (id int)");
    let taken = json(&programs.run("run", &["snapshot", "--json"]));
    let name = taken["snapshot"]["name"].as_str().unwrap().to_owned();
    let refused = |programs: &Programs, arguments: &[&str], code: i32, words: &str| {
        let finished = programs.run("run", arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}\n{}", finished.stderr);
        assert!(finished.stderr.contains(words), "{words} in {}", finished.stderr);
        assert!(production.target_has("to_regclass('before') IS NOT NULL"), "{arguments:?}");
    };
    refused(&programs, &["restore"], 2, "--from");
    refused(&programs, &["restore", "--from", "latest", "--file", "x"], 2, "cannot be used with");
    refused(&programs, &["restore", "--from", "pix-1"], 1, "pix-1");

    let file = programs.directory().join("store").join(&name);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    refused(&programs, &["restore", "--from", "latest"], 1, "cannot be used");
    std::fs::write(&file, &bytes[..middle]).unwrap();
    refused(&programs, &["restore", "--from", &name], 1, "cannot be used");

    programs.set("SNAPSHOT_FORMAT", "plain");
    ok(&programs.run("run", &["snapshot", "--force"]));
    refused(&programs, &["restore", "--from", "latest"], 2, "psql --single-transaction");

    programs.set("SNAPSHOT_STORE", "").set("SNAPSHOT_SCHEDULE", "*/5 * * * *");
    let finished = programs.run("worker", &["--check"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("SNAPSHOT_STORE: where"), "{}", finished.stderr);
    programs.unset("SNAPSHOT_SCHEDULE");
    refused(&programs, &["snapshots"], 2, "SNAPSHOT_STORE is not set");
    assert_eq!(programs.run("restart", &["snapshot"]).code, Some(2));
}

/// The repeatable job's next occurrence, brought forward.
fn promote(programs: &Programs, queues: &Queues) {
    let key = format!("bull:{QUEUE}:delayed");
    let delayed = || queues.query::<Vec<String>>(&["ZRANGE", &key, "0", "-1"]).unwrap_or_default();
    wait_until("the next snapshot is scheduled", || delayed().len() == 1);
    let id = delayed().remove(0);
    ok(&programs.run("queue-cli", &["promote", "--queue", "snapshot", &id]));
}

#[test]
fn the_job_comes_by_itself_and_never_more_than_one_waits() {
    let redis = RedisServer::start().unwrap();
    let (production, mut programs) = world(&redis.url());
    let queues = Queues::new(&redis.url());
    // Far from now: the test brings each one forward.
    programs.set("SNAPSHOT_SCHEDULE", "0 0 29 2 *").set("SNAPSHOT_MAX_AGE", "1 day");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("The next snapshot starts at");
    worker.wait_for_log(&format!("No active jobs to be marked as failed for queue {QUEUE}"));
    let completed = |count: u64| {
        wait_until("a snapshot has been taken", || queues.count(QUEUE, "completed") == count);
    };
    promote(&programs, &queues);
    completed(1);
    assert_eq!(archives(&programs), 1);
    promote(&programs, &queues);
    completed(2);
    assert_eq!(archives(&programs), 1, "nothing has changed: {}", worker.log());
    production.on_source("INSERT INTO checkouts_airstrip (ident) VALUES ('ID4')");
    ok(&programs.run("restart", &["snapshot"]));
    completed(3);
    assert_eq!(archives(&programs), 2);
    let stats = ok(&programs.run("queue-cli", &["stats"])).stdout.clone();
    assert!(!stats.contains("overdue"), "{stats}");
    let check = programs.run("worker", &["--check"]);
    assert!(check.stdout.contains("ok    SNAPSHOT_STORE: file://"), "{}", check.stdout);

    let lock = production.lock("source", "checkouts_airstrip");
    promote(&programs, &queues);
    wait_until("a snapshot runs", || queues.list(QUEUE, "active").len() == 1);
    promote(&programs, &queues);
    wait_until("another one waits", || queues.list(QUEUE, "wait").len() == 1);
    // A scheduler that is started now adds none either: the next one comes when that one runs.
    let mut scheduler = programs.start("scheduler", &[]);
    scheduler.wait_for_log("The next snapshot starts at");
    let waiting = || queues.list(QUEUE, "wait").len() as u64 + queues.count(QUEUE, "delayed");
    assert!(waiting() <= 2, "{}", scheduler.log());
    drop(lock);
    completed(5);
    assert_eq!(archives(&programs), 2);
}

#[test]
fn what_fails_or_is_overdue_is_reported() {
    let redis = RedisServer::start().unwrap();
    let (_production, mut programs) = world(&redis.url());
    let queues = Queues::new(&redis.url());
    let webhook = WebhookReceiver::start().unwrap();
    let notifications =
        format!(r#"[{{"url":"{}","format":"json","on":"failure"}}]"#, webhook.url("/failure"));
    programs
        .set("SNAPSHOT_SCHEDULE", "0 0 29 2 *")
        .set("SNAPSHOT_MAX_AGE", "1 second")
        .set("SNAPSHOT_FIXTURES", "nobody")
        .set("NOTIFICATIONS", notifications);
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("Snapshots are overdue: no snapshot has succeeded yet");
    let told = |text: &str| {
        webhook
            .received()
            .iter()
            .any(|one| one.body.contains("\"failure\"") && one.body.contains(text))
    };
    wait_until("the webhook knows it", || told("snapshots are overdue"));
    let stats = ok(&programs.run("queue-cli", &["stats"])).stdout.clone();
    assert!(stats.contains("Snapshot queue: overdue, no snapshot has succeeded yet"), "{stats}");
    let stats = json(&programs.run("queue-cli", &["stats", "--json", "--queue", "snapshot"]));
    assert!(stats[0]["overdue"].is_string(), "{stats}");

    promote(&programs, &queues);
    wait_until("the job has failed", || queues.count(QUEUE, "failed") == 1);
    wait_until("the webhook knows that too", || told("no table is named nobody"));
    worker.kill();

    programs.unset("SNAPSHOT_FIXTURES").set("SNAPSHOT_MAX_AGE", "1 minute");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log(&format!("No active jobs to be marked as failed for queue {QUEUE}"));
    ok(&programs.run("restart", &["snapshot"]));
    wait_until("one has succeeded", || queues.count(QUEUE, "completed") == 1);
    let stats = ok(&programs.run("queue-cli", &["stats"])).stdout.clone();
    assert!(!stats.contains("overdue"), "{stats}");
    let check = programs.run("worker", &["--check"]);
    assert!(check.stdout.contains("ok    SNAPSHOT_STORE"), "{}", check.stdout);
}

#[test]
fn a_worker_that_is_stopped_in_the_middle_leaves_nothing_behind() {
    let redis = RedisServer::start().unwrap();
    let (production, mut programs) = world(&redis.url());
    let queues = Queues::new(&redis.url());
    programs.set("SNAPSHOT_SCHEDULE", "0 0 29 2 *");
    ok(&programs.run("run", &["snapshot"]));
    production.on_source("INSERT INTO checkouts_airstrip (ident) VALUES ('ID5')");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log(&format!("No active jobs to be marked as failed for queue {QUEUE}"));
    let lock = production.lock("source", "checkouts_airstrip");
    ok(&programs.run("restart", &["snapshot"]));
    wait_until("a snapshot runs", || production.backends_of_ours() > 0);
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(4), "{}", worker.log());
    assert!(production.is_quiet_within(acceptance_tests::LIMIT), "nobody is connected any more");
    let id = queues.failed(QUEUE).remove(0);
    let reason = queues.field(QUEUE, &id, "failedReason").unwrap();
    assert_eq!(reason, "Move interrupted job in failed queue");
    assert_eq!(std::fs::read_dir(programs.dumps()).unwrap().count(), 0);
    assert_eq!(archives(&programs), 1);

    drop(lock);
    ok(&programs.run("run", &["snapshot"]));
    assert_eq!(archives(&programs), 2, "the next run does it");
}
