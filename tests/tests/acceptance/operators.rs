//! What operators type, and what they see.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use serde_json::Value;
use test_servers::RedisServer;

#[test]
fn a_wrong_configuration_costs_a_message() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    programs.set("SCHEDULE", "every day").set("BACKUP_MODE", "{").set("PG_RESTORE_JOBS", "many");
    for program in
        [&["worker"][..], &["scheduler"], &["restart", "notification"], &["run", "incremental"]]
    {
        let finished = programs.run(program[0], &program[1..]);
        assert_eq!(finished.code, Some(2), "{program:?}: {}", finished.stderr);
        for variable in ["SCHEDULE", "BACKUP_MODE", "PG_RESTORE_JOBS"] {
            assert!(finished.stderr.contains(variable), "{program:?}: {}", finished.stderr);
        }
    }
    let keys: Vec<String> = Queues::new(&redis.url()).query(&["KEYS", "*"]).unwrap();
    assert!(keys.is_empty(), "{keys:?}");
    assert_eq!(programs.run("restart", &["everything"]).code, Some(2));
}

#[test]
fn a_dotenv_file_counts_but_in_production_and_tests() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, "unused");
    let file = programs.directory().join(".env");
    std::fs::write(&file, format!("REDIS_URL={}\nMAX_RETRY_COUNT=7\n", redis.url())).unwrap();
    programs.unset("REDIS_URL").set("MAX_RETRY_COUNT", "3").set("NODE_ENV", "development");
    assert_eq!(programs.run("restart", &["incremental-replication"]).code, Some(0));
    let options = Queues::new(&redis.url()).json("Incremental replication queue", "1", "opts");
    assert_eq!(options.unwrap()["attempts"], 3, "the environment counts more than the file");

    std::fs::write(&file, "REDIS_URL=redis://127.0.0.1:1\nSCHEDULE='never'\n").unwrap();
    for environment in ["production", "test"] {
        programs.set("NODE_ENV", environment).set("REDIS_URL", redis.url());
        assert_eq!(programs.run("restart", &["notification"]).code, Some(0), "{environment}");
    }
    programs.unset("NODE_ENV").unset("SCHEDULE");
    let finished = programs.run("restart", &["notification"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("SCHEDULE"), "{}", finished.stderr);

    std::fs::write(&file, "PASSWORD='s3cr@t\n").unwrap();
    let broken = programs.run("restart", &["notification"]);
    assert_eq!(broken.code, Some(2));
    assert!(
        broken.stderr.contains(".env, line 1: PASSWORD:") && !broken.stderr.contains("s3cr@t"),
        "{}",
        broken.stderr
    );

    // As npm's dotenv reads it: spaces, quotes within JSON, a $ that is none of ours.
    std::fs::write(
        &file,
        "# a night\nSCHEDULE=0 0 29 2 *\nBACKUP_MODE={\"answers\":\"incremental\"}\nAPP=$HOME # name\n\
         export LOG_LEVEL: \"loud\"\n",
    )
    .unwrap();
    programs.unset("BACKUP_MODE");
    let read = programs.run("restart", &["notification"]);
    assert!(
        read.stderr.starts_with("1 wrong value in the configuration:\n  LOG_LEVEL: "),
        "{}",
        read.stderr
    );
}

/// Where only `restart` was built, it still adds jobs.
#[test]
fn restart_without_a_worker_beside_it_warns() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let alone = programs.directory().join("restart");
    std::fs::copy(acceptance_tests::executable("restart"), &alone).unwrap();
    let added = programs.run(alone.to_str().unwrap(), &["notification"]);
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    assert!(added.stderr.contains("the configuration was not checked"), "{}", added.stderr);
    programs.set("MAX_RETRY_COUNT", "many");
    assert_eq!(programs.run(alone.to_str().unwrap(), &["notification"]).code, Some(2));
}

/// A value in the wrong place is a secret in the wrong place.
#[test]
fn no_usage_error_repeats_a_password() {
    let production = Production::start();
    let secret = "https://user:hunter2@host/path";
    for variable in [
        "LCMS_API_URL",
        "SOURCE_DATABASE_URL",
        "DATABASE_URL",
        "TARGET_DATABASE_URL",
        "REDIS_URL",
        "SCHEDULE",
        "BACKUP_SOURCE",
        "BACKUP_MODE",
        "BACKUP_METHOD",
        "BACKUP_DIRECTORY",
        "BACKUP_MAX_AGE",
        "ENRICHMENT_FILE",
        "COPY_JOBS",
        "LOG_LEVEL",
        "MASKING",
        "ERROR_VALUES",
        "NOTIFICATIONS",
        "PROTECTED_HOSTS",
        "AFTER_RESTORE_TIMEOUT",
        "SNAPSHOT_STORE",
        "SNAPSHOT_KEEP",
        "SNAPSHOT_SCHEDULE",
        "MEDIA_SOURCE",
        "MEDIA_DELETE",
        "SENTRY_ENABLED",
    ] {
        let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
        for value in [secret, "ftp://user:hunter2@host", "user:hunter2@host"] {
            programs.set(variable, value);
            let run = programs.run("run", &["notification"]);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(!said.contains("hunter2"), "{variable}={value}: {said}");
        }
    }
}

#[test]
fn check_says_what_a_night_would_meet() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let good = programs.run("worker", &["--check"]);
    assert_eq!(good.code, Some(0), "{}{}", good.stdout, good.stderr);
    assert!(good.stdout.lines().count() >= 5 && !good.stdout.contains("FAIL"), "{}", good.stdout);

    production.on_source("REVOKE SELECT ON answers FROM source_user;");
    let no_right = programs.run("worker", &["--check"]);
    assert_eq!(no_right.code, Some(1));
    let line = no_right.stdout.lines().find(|line| line.starts_with("FAIL")).unwrap();
    assert!(line.contains("answers") && !line.contains("answers-archive"), "{line}");

    programs
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .set("DATABASE_URL", "postgresql://me@127.0.0.1:1/db");
    let unreachable = programs.run("worker", &["--check"]);
    assert_eq!(unreachable.code, Some(1));
    for subject in ["FAIL  REDIS_URL", "FAIL  DATABASE_URL"] {
        assert!(unreachable.stdout.contains(subject), "{}", unreachable.stdout);
    }
    let all = format!("{}{}", no_right.stdout, unreachable.stdout);
    assert!(!all.contains(Production::PASSWORD), "{all}");
}

#[test]
fn a_failed_step_is_seen_understood_and_retried() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    programs.set("BACKUP_MODE", r#"{"answers":"incremental"}"#).set("MAX_RETRY_COUNT", "2");
    production.on_target(
        "CREATE TABLE answers (id bigint, \"challengeId\" text, \"userId\" bigint);
         GRANT ALL ON answers TO target_user;",
    );
    let _worker = programs.start("worker", &[]);
    assert_eq!(programs.run("restart", &["incremental-replication"]).code, Some(0));
    let queues = Queues::new(&redis.url());
    let queue = "Incremental replication queue";
    wait_until("the job has failed", || queues.count(queue, "failed") == 1);

    let stats = programs.run("queue-cli", &["stats", "--json"]);
    assert_eq!(stats.code, Some(0), "{}", stats.stderr);
    let stats: Value = serde_json::from_str(&stats.stdout).unwrap();
    assert_eq!(stats[1]["queue"], queue);
    assert_eq!(stats[1]["failed"], 1);
    let table = programs.run("queue-cli", &["stats", "--queue", "incremental replication"]);
    insta::assert_snapshot!("stats", table.stdout);

    let failed = programs.run("queue-cli", &["failed"]);
    assert!(
        failed.stdout.contains("answers table must not be empty on target database"),
        "{}",
        failed.stdout
    );
    assert!(
        failed.stdout.contains("2/2") && failed.stdout.contains("queue-cli get"),
        "{}",
        failed.stdout
    );
    let get =
        programs.run("queue-cli", &["get", "1", "--json", "--queue", "incremental-replication"]);
    let get: Value = serde_json::from_str(&get.stdout).unwrap();
    assert_eq!(get["attemptsMade"], 2);
    assert_eq!(get["stackTrace"].as_array().unwrap().len(), 2);
    let logs = programs.run("queue-cli", &["logs", "1", "--queue", queue]);
    assert!(logs.stdout.contains("Start incremental replication"), "{}", logs.stdout);

    let wrong = programs.run("queue-cli", &["stats", "--queue", "nightly"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("\"Replication queue\" (full-replication)"), "{}", wrong.stderr);
    let missing = programs.run("queue-cli", &["retry", "99", "--yes"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("no job 99"), "{}", missing.stderr);

    production.on_target("INSERT INTO answers VALUES (1990, 'x', 1)");
    let retry = programs.run("queue-cli", &["retry", "1", "--yes", "--queue", queue]);
    assert_eq!(
        (retry.code, retry.stdout.as_str()),
        (Some(0), "retried job 1 of Incremental replication queue\ncount: 1\n")
    );
    wait_until("the night is over", || queues.count("Notification queue", "completed") == 1);
    assert!(production.target_has("count(*) = 11 FROM answers"));
    assert_eq!(queues.count(queue, "failed"), 0);
}

#[test]
fn servers_that_are_away_have_an_exit_code() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    programs.set("REDIS_URL", "redis://:hidden@127.0.0.1:1");
    for program in
        [&["worker"][..], &["scheduler"], &["restart", "notification"], &["queue-cli", "stats"]]
    {
        let finished = programs.run(program[0], &program[1..]);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert_eq!(finished.code, Some(3), "{program:?}: {said}");
        assert!(said.contains("127.0.0.1:1") && !said.contains("hidden"), "{said}");
    }
    programs.set("SOURCE_DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/db");
    let run = programs.run("run", &["full-replication"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("127.0.0.1:1") && !run.stderr.contains("hidden"), "{}", run.stderr);
}

#[test]
fn steps_run_by_hand_without_redis() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let full = programs.run("run", &["full-replication"]);
    assert_eq!(full.code, Some(0), "{}", full.stderr);
    assert!(full.stdout.contains("total"), "{}", full.stdout);
    assert!(full.stdout.contains("slowest objects"), "{}", full.stdout);
    assert_eq!(production.target_rows(), production.source_rows());

    production.on_source("DELETE FROM \"answers-archive\" WHERE id > 50");
    let again = programs.run("run", &["backup-restore", "--json"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let summary: Value = serde_json::from_str(&again.stdout).unwrap();
    assert!(summary["phases"].as_array().unwrap().len() >= 3, "{summary:#}");
    let slowest = summary["slowest"].as_array().unwrap();
    assert!(slowest.iter().any(|object| object["seconds"].as_f64() > Some(0.0)), "{summary:#}");
    assert!(production.target_has("to_regclass('answers_challengeId_idx') IS NULL"));
    assert_eq!(production.target_rows(), production.source_rows());

    let dump = programs.dumps().join("mine.dump");
    let pg_dump = std::process::Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=c", "--no-owner", "--file"])
        .arg(&dump)
        .arg(production.source_url())
        .status()
        .unwrap();
    assert!(pg_dump.success());
    production.on_source("DELETE FROM \"answers-archive\"");
    let restore = programs.run("run", &["restore", "--file", dump.to_str().unwrap()]);
    assert_eq!(restore.code, Some(0), "{}", restore.stderr);
    assert!(production.target_has("count(*) = 50 FROM \"answers-archive\""));
    assert!(dump.is_file(), "the operator's dump is his own");

    programs.set("BACKUP_MODE", r#"{"answers":"incremental"}"#);
    production.on_source("INSERT INTO answers (\"challengeId\", \"userId\") VALUES ('x', 1)");
    let incremental = programs.run("run", &["incremental"]);
    assert_eq!(incremental.code, Some(0), "{}", incremental.stderr);
    assert!(production.target_has("count(*) = 2001 FROM answers"));
    assert_eq!(programs.run("run", &["learning-content"]).code, Some(0));
    assert_eq!(programs.run("run", &["notification"]).code, Some(0));
}

#[test]
fn the_health_server_tells_whether_redis_answers() {
    let (production, mut redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let port = test_servers::free_port().unwrap();
    programs.set("PORT", port.to_string());
    let _web = programs.start("web", &[]);
    wait_until("the server answers", || status(port, "/") == Some(200));
    assert_eq!(status(port, "/health"), Some(200));
    redis.kill();
    assert_eq!(status(port, "/health"), Some(503));
    assert_eq!(status(port, "/"), Some(200));
}

#[test]
fn the_health_server_keeps_no_connection_for_ever_and_needs_one_of_redis() {
    use std::io::{Read, Write};
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let port = test_servers::free_port().unwrap();
    programs.set("PORT", port.to_string());
    let mut web = programs.start("web", &[]);
    wait_until("the server answers", || status(port, "/health") == Some(200));
    let queues = Queues::new(&redis.url());
    let connections = || {
        let stats: String = queues.query(&["INFO", "stats"]).unwrap();
        let received = stats.split("total_connections_received:").nth(1).unwrap();
        received.lines().next().unwrap().trim().parse::<u64>().unwrap()
    };
    let before = connections();
    for _ in 0..5 {
        assert_eq!(status(port, "/health"), Some(200));
    }
    assert_eq!(connections() - before, 1, "the one that asks");

    let half_open = || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost:").unwrap();
        stream
    };
    let mut first = half_open();
    first.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    assert_eq!(first.read(&mut [0; 64]).unwrap(), 0, "it is closed");
    let _second = half_open();
    web.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(web.wait().code(), Some(0));
}

#[test]
fn a_user_of_redis_without_all_rights() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let queues = Queues::new(&redis.url());
    let tell = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(queues.query::<String>(&words).as_deref(), Some("OK"), "{line}");
    };
    programs.set("REDIS_URL", format!("redis://app:word@127.0.0.1:{}", redis.port()));
    // As Redis 7 makes a user.
    tell("ACL SETUSER app reset on >word ~bull:* +@all resetchannels");
    tell("CONFIG SET maxmemory-policy allkeys-lru");
    let added = programs.run("restart", &["notification"]);
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    let check = programs.run("worker", &["--check"]);
    let warned = |text: &str| {
        let mut lines = check.stdout.lines().filter(|line| line.starts_with("warn  REDIS_URL"));
        assert!(lines.any(|line| line.contains(text)), "{text}: {}", check.stdout);
    };
    warned("&bull:*");
    warned("allkeys-lru");
    assert!(check.stdout.contains("ok    REDIS_URL"), "{}", check.stdout);

    tell("ACL SETUSER app reset on >word ~bull:* &bull:* +@all -@scripting");
    let check = programs.run("worker", &["--check"]);
    assert_eq!(check.code, Some(1), "{}", check.stdout);
    assert!(check.stdout.contains("FAIL  REDIS_URL"), "{}", check.stdout);
}

#[test]
fn a_redis_that_is_emptied_gets_the_schedule_back_at_once() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let programs = Programs::new(&production, &redis.url());
    let mut scheduler = programs.start("scheduler", &[]);
    scheduler.wait_for_log("The next night starts at");
    let _: String = Queues::new(&redis.url()).query(&["FLUSHALL"]).unwrap();
    scheduler.wait_for_log("is put back");
    scheduler.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(scheduler.wait().code(), Some(0), "{}", scheduler.log());
}

fn status(port: u16, path: &str) -> Option<u16> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn both_databases_compared() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let before = programs.run("run", &["verify"]);
    assert_eq!(before.code, Some(1), "{}", before.stderr);
    assert!(before.stdout.contains("not on the target"), "{}", before.stdout);
    programs.set("VERIFY", "checksums");
    let copied = programs.run("run", &["backup-restore"]);
    assert_eq!(copied.code, Some(0), "{}", copied.stderr);
    assert!(copied.stdout.contains("verification"), "{}", copied.stdout);
    let equal = programs.run("run", &["verify", "--json"]);
    assert_eq!(equal.code, Some(0), "{}", equal.stdout);
    let report: Value = serde_json::from_str(&equal.stdout).unwrap();
    let tables = report["tables"].as_array().unwrap();
    assert!(tables.len() > 5 && tables.iter().all(|table| table["outcome"] == "equal"), "{report}");
    production.on_target("UPDATE users SET email = '' WHERE id = 1");
    assert_eq!(programs.run("run", &["verify", "--counts"]).code, Some(0));
    let different = programs.run("run", &["verify", "--checksums"]);
    assert_eq!(different.code, Some(1), "{}", different.stderr);
    assert!(different.stdout.contains("the content differs"), "{}", different.stdout);
    assert!(different.stdout.contains(" compared, 1 differs"), "{}", different.stdout);
    assert_eq!(programs.run("run", &["verify", "--counts", "--checksums"]).code, Some(2));
}

#[test]
fn a_second_run_on_one_target_is_refused_by_the_first_ones_name() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let go = programs.directory().join("go");
    let command = format!("while [ ! -e {} ]; do sleep 0.05; done", go.display());
    programs.set("AFTER_RESTORE_COMMAND", command);
    let mut first = programs.start("run", &["full-replication"]);
    first.wait_for_log("Start AFTER_RESTORE_COMMAND");

    programs.set("AFTER_RESTORE_COMMAND", "");
    let dump = programs.directory().join("no.dump").display().to_string();
    for second in [
        &["full-replication"][..],
        &["backup-restore"],
        &["load-data"],
        &["restore", "--file", &dump],
    ] {
        let refused = programs.run("run", second);
        assert_eq!(refused.code, Some(1), "{second:?}: {}", refused.stderr);
        let named = r#"is being written by \"pg-replicate full-replication, process "#;
        assert!(refused.stderr.contains(named), "{second:?}: {}", refused.stderr);
    }
    // None has ended a session of the first, which goes on.
    std::fs::write(&go, "").unwrap();
    assert!(first.wait().success(), "{}", first.log());

    // Killed, it lets go at once.
    std::fs::remove_file(&go).unwrap();
    let command = format!("while [ ! -e {} ]; do sleep 0.05; done", go.display());
    programs.set("AFTER_RESTORE_COMMAND", command);
    let mut killed = programs.start("run", &["backup-restore"]);
    killed.wait_for_log("Start AFTER_RESTORE_COMMAND");
    killed.kill();
    programs.set("AFTER_RESTORE_COMMAND", "");
    assert_eq!(programs.run("run", &["backup-restore"]).code, Some(0));
}
