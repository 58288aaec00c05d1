//! Snapshots: kept when the data has changed, restored when it is wanted, missed when it is late.

use std::path::Path;

use acceptance_tests::{Finished, Production, Programs, Queues, wait_until};
use age::secrecy::ExposeSecret;
use nix::sys::signal::Signal;
use serde_json::Value;
use test_servers::RedisServer;
use test_servers::fakes::WebhookReceiver;

const DOCUMENT: &str = include_str!("../../../docs/snapshots.md");

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
    assert!(outputs[0].contains(" was stored, "), "{}", outputs[0]);
    let second: Value = serde_json::from_str(&outputs[1]).unwrap();
    assert_eq!(second["kept"], false, "{second}");
    assert!(outputs[2].contains(" was stored, "), "forced: {}", outputs[2]);
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
fn what_is_damaged_or_unknown_is_refused_before_anything_is_dropped() {
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

    programs.set("SNAPSHOT_FORMAT", "plain").set("BACKUP_MODE", r#"{"users":"none"}"#);
    ok(&programs.run("run", &["snapshot", "--force"]));
    refused(&programs, &["restore", "--from", "latest"], 1, "BACKUP_MODE: it keeps users");
    programs.unset("BACKUP_MODE");

    programs.set("SNAPSHOT_STORE", "").set("SNAPSHOT_SCHEDULE", "*/5 * * * *");
    let finished = programs.run("worker", &["--check"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("SNAPSHOT_STORE: required because SNAPSHOT_SCHEDULE is set"),
        "{}",
        finished.stderr
    );
    programs.unset("SNAPSHOT_SCHEDULE");
    refused(&programs, &["snapshots"], 2, "SNAPSHOT_STORE is not set");
    // Before any server is asked.
    programs.set("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nowhere");
    refused(&programs, &["restore", "--from", "latest"], 2, "SNAPSHOT_STORE is not set");
    assert_eq!(programs.run("restart", &["snapshot"]).code, Some(2));
}

#[test]
fn plain_and_packed_ones_are_restored_too() {
    let (production, mut programs) = world("redis://127.0.0.1:1");
    production.on_source(
        "CREATE VIEW bases AS SELECT * FROM checkouts_airstrip WHERE is_base;
         INSERT INTO checkouts_airstrip (ident) VALUES ('a\\b'), (NULL);
         GRANT SELECT ON bases TO source_user",
    );
    let keys = "(SELECT count(*) FROM pg_constraint WHERE contype = 'f')";
    programs.set("SNAPSHOT_FORMAT", "plain").set("SNAPSHOT_COMPRESSION", "gzip");
    ok(&programs.run("run", &["snapshot"]));
    for foreign_keys in ["true", "not-valid", "false"] {
        programs.set("RESTORE_FK_CONSTRAINTS", foreign_keys);
        ok(&programs.run("run", &["restore", "--from", "latest"]));
        assert_eq!(production.target_rows(), production.source_rows());
        let has_keys = production.target_has(&format!("{keys} > 0"));
        assert_eq!(has_keys, foreign_keys != "false", "{foreign_keys}");
        assert!(production.target_has("count(*) = 1 FROM bases"));
        assert!(production.target_has("last_value = 4 FROM checkouts_airstrip_id_seq"));
    }

    programs.set("SNAPSHOT_FORMAT", "custom").set("SNAPSHOT_LATEST_ARCHIVE", "true");
    ok(&programs.run("run", &["snapshot", "--force"]));
    let latest = programs.directory().join("store/source-latest.tar.gz");
    production.on_target("DROP TABLE users CASCADE");
    ok(&programs.run("run", &["restore", "--file", latest.to_str().unwrap()]));
    assert_eq!(production.target_rows(), production.source_rows());
    assert_eq!(std::fs::read_dir(programs.dumps()).unwrap().count(), 0);
}

#[test]
fn an_application_takes_snapshots_of_its_own_database() {
    let redis = RedisServer::start().unwrap();
    let (production, mut programs) = world(&redis.url());
    let queues = Queues::new(&redis.url());
    let before = production.source_rows();
    programs.set("DATABASE_URL", production.source_url()).unset("TARGET_DATABASE_URL");
    ok(&programs.run("run", &["snapshot"]));
    let latest = ["restore", "--from", "latest"];
    for arguments in [&latest[..], &["full-replication"], &["incremental"], &["learning-content"]] {
        let finished = programs.run("run", arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains("is the database of SOURCE_DATABASE_URL"),
            "{}",
            finished.stderr
        );
    }
    // A nightly run of another program, in the same Redis.
    programs
        .set("DATABASE_URL", production.target_url())
        .set("TARGET_DATABASE_URL", production.target_url());
    let mut nightly = programs.start("scheduler", &[]);
    nightly.wait_for_log("The next night starts at");
    nightly.kill();
    for target in [Some(production.source_url()), None] {
        match target {
            Some(url) => programs.set("DATABASE_URL", url),
            None => programs.unset("DATABASE_URL"),
        };
        programs.unset("TARGET_DATABASE_URL").set("SNAPSHOT_SCHEDULE", "0 0 29 2 *");
        let check = programs.run("worker", &["--check"]);
        assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
        assert!(check.stdout.contains("ok    SOURCE_DATABASE_URL: "), "{}", check.stdout);
        assert!(check.stdout.contains("this program only takes snapshots"), "{}", check.stdout);
        let mut worker = programs.start("worker", &[]);
        worker.wait_for_log("The next snapshot starts at");
        let done = queues.count(QUEUE, "completed");
        ok(&programs.run("restart", &["snapshot"]));
        wait_until("a snapshot has been taken", || queues.count(QUEUE, "completed") == done + 1);
        let log = worker.log();
        assert!(!log.contains("for queue Replication queue"), "{log}");
        worker.signal(Signal::SIGTERM);
        assert_eq!(worker.wait().code(), Some(0));
        let repeatables = ok(&programs.run("queue-cli", &["repeatables"])).stdout.clone();
        assert!(repeatables.contains("Replication queue"), "{repeatables}");
    }
    assert_eq!(production.source_rows(), before);
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

/// Has pg_dump and pg_restore note the modes of their file and its directory, and of the list.
fn spies(programs: &mut Programs) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (bin, seen) = (programs.directory().join("bin"), programs.directory().join("seen"));
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    for name in ["pg_dump", "pg_restore"] {
        let real = path.split(':').map(|directory| Path::new(directory).join(name));
        let real = real.into_iter().find(|file| file.is_file()).unwrap();
        let script = format!(
            "#!/bin/sh\nfor one in \"$@\"; do\n  file=${{one#--file=}}; file=${{file#--use-list=}}\n  \
             case $file in /dev/null) ;; /*) stat -c '{name} %F %a' \"$file\" \"${{file%/*}}\" >> {};; esac\ndone\nexec {} \"$@\"\n",
            seen.display(),
            real.display()
        );
        std::fs::write(bin.join(name), script).unwrap();
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join(name), executable).unwrap();
    }
    programs.set("PATH", format!("{}:{path}", bin.display()));
    seen
}

#[test]
fn nothing_that_holds_data_can_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let (_production, mut programs) = world("redis://127.0.0.1:1");
    let store = programs.directory().join("closed/store");
    programs.set("SNAPSHOT_STORE", format!("file://{}", store.display()));
    programs.set("SNAPSHOT_FIXTURES", "checkouts_*");
    let seen = spies(&mut programs);
    // Odd entries where files are written: a link, a file in place of a directory.
    let user = nix::unistd::geteuid();
    let odd = programs.dumps().join(format!("replication-dumps-{user}-1"));
    std::fs::write(&odd, "").unwrap();
    let link = programs.dumps().join("db-replication-temporary-link");
    std::os::unix::fs::symlink("/nonexistent", link).unwrap();
    ok(&programs.run("run", &["snapshot"]));
    ok(&programs.run("run", &["restore", "--from", "latest"]));
    for method in ["live", "archive"] {
        programs.set("BACKUP_METHOD", method);
        ok(&programs.run("run", &["backup-restore"]));
    }
    let seen = std::fs::read_to_string(seen).unwrap();
    for name in ["pg_dump", "pg_restore"] {
        assert!(
            seen.contains(&format!("{name} regular empty file 600")) || name != "pg_dump",
            "{seen}"
        );
        assert!(seen.contains(&format!("{name} directory 700")), "{seen}");
    }
    let is_closed = |line: &str| line.ends_with(" file 600") || line.ends_with(" directory 700");
    assert!(seen.lines().all(is_closed), "{seen}");

    let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&store), mode(store.parent().unwrap())), (0o700, 0o700));
    let entries: Vec<_> =
        std::fs::read_dir(&store).unwrap().map(|one| one.unwrap().path()).collect();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(entries.iter().all(|file| mode(file) == 0o600), "{entries:?}");
    assert_eq!(std::fs::read_dir(programs.dumps()).unwrap().count(), 2, "the odd entries");
}
