//! Production to staging, through the real programs: AFTER_RESTORE_COMMAND and PROTECTED_HOSTS.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use acceptance_tests::{Production, Programs, Queues, wait_until};
use local_services::RedisServer;
use nix::sys::signal::Signal;

/// What an application's migrations do, with psql in the place of rake.
const MIGRATIONS: &str = "echo migrating as $PGUSER; \
     psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE migrated AS SELECT count(*) AS users FROM users'; \
     echo \"source: ${SOURCE_DATABASE_URL-not told}\"; echo \"$DATABASE_URL\"";

const QUEUE: &str = "Replication queue";

fn with_psql(production: &Production, programs: &mut Programs, command: &str) {
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", production.server.bin_dir().display());
    programs.set("PATH", path).set("AFTER_RESTORE_COMMAND", command);
}

#[test]
fn migrations_run_on_the_target_after_each_restore() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    with_psql(&production, &mut programs, MIGRATIONS);
    let mut worker = programs.start("worker", &[]);
    let queues = Queues::new(&redis.url());
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the night is over", || {
        queues.completed_everywhere(1) || queues.count(QUEUE, "failed") == 1
    });
    assert_eq!(queues.count(QUEUE, "failed"), 0, "{}", worker.log());
    let users = production.on_source("SELECT count(*) FROM users");
    assert_eq!(production.on_target("SELECT users FROM migrated"), users);
    let summary = queues.json(QUEUE, "1", "returnvalue").unwrap();
    let names: Vec<_> =
        summary["phases"].as_array().unwrap().iter().map(|phase| &phase["name"]).collect();
    let place = |name: &str| names.iter().position(|one| *one == name).unwrap();
    assert!(place("after restore") < place("enrichment"), "{names:?}");
    let log = worker.log();
    for line in ["migrating as target_user", "source: not told", "target_user:***@"] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(!log.contains(Production::PASSWORD) && !log.contains("s3cr%40t"), "{log}");
    worker.kill();

    let dump = programs.directory().join("app.dump");
    let status = std::process::Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&dump)
        .arg(production.source_url())
        .status()
        .unwrap();
    assert!(status.success());
    for arguments in [&["restore", "--file", "app.dump"][..], &["backup-restore"]] {
        production.on_target("DROP TABLE IF EXISTS migrated");
        let run = programs.run("run", arguments);
        assert_eq!(run.code, Some(0), "{arguments:?} {}", run.stderr);
        assert_eq!(production.on_target("SELECT users FROM migrated"), users, "{arguments:?}");
        assert!(run.stdout.contains("after restore"), "{}", run.stdout);
    }
}

#[test]
fn a_command_that_fails_fails_the_job() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    with_psql(&production, &mut programs, "echo PendingMigrationError >&2; exit 3");
    let mut worker = programs.start("worker", &[]);
    let queues = Queues::new(&redis.url());
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the job has failed", || queues.count(QUEUE, "failed") == 1);
    let reason = queues.field(QUEUE, "1", "failedReason").unwrap();
    assert_eq!(
        reason,
        "AFTER_RESTORE_COMMAND failed (exit code 3): it wrote last:\nPendingMigrationError"
    );
    assert_eq!(queues.count(Queues::NAMES[1], "completed"), 0, "nothing follows");
    worker.kill();

    programs.set("AFTER_RESTORE_COMMAND", "sleep 600").set("AFTER_RESTORE_TIMEOUT", "1 second");
    let run = programs.run("run", &["backup-restore"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("it took longer than 1 s"), "{}", run.stderr);
}

#[test]
fn a_worker_that_is_stopped_or_killed_takes_the_command_with_it() {
    let production = Production::start();
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let redis = RedisServer::start().unwrap();
        let mut programs = Programs::new(&production, &redis.url());
        let command = "echo command is $$; sh -c 'echo $$ > child; sleep 600'";
        with_psql(&production, &mut programs, command);
        let mut worker = programs.start("worker", &[]);
        assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
        worker.wait_for_log("command is");
        let file = programs.directory().join("child");
        wait_until("its child runs", || {
            std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))
        });
        let child = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        worker.signal(signal);
        let status = worker.wait();
        if signal == Signal::SIGTERM {
            assert_eq!(status.code(), Some(4), "{}", worker.log());
            let queues = Queues::new(&redis.url());
            let reason = queues.field(QUEUE, "1", "failedReason").unwrap();
            assert_eq!(reason, "Move interrupted job in failed queue");
        }
        wait_until("its child is gone", || {
            std::fs::read_to_string(format!("/proc/{child}/stat"))
                .map_or(true, |stat| stat.contains(") Z "))
        });
    }
}

#[test]
fn production_is_no_target() {
    let production = Production::start();
    production.on_target("SET ROLE target_user; CREATE TABLE precious AS SELECT 1 AS one");
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let refused = |programs: &Programs, program: &str, arguments: &[&str], words: &[&str]| {
        let run = programs.run(program, arguments);
        assert_eq!(run.code, Some(2), "{arguments:?} {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{word} in {}", run.stderr);
        }
        assert!(!run.stderr.contains("s3cr%40t"), "{}", run.stderr);
    };
    let commands: [(&str, &[&str]); 7] = [
        ("run", &["full-replication"]),
        ("run", &["restore", "--file", "app.dump"]),
        ("run", &["load-data"]),
        ("run", &["export-schema"]),
        ("worker", &[]),
        ("worker", &["--check"]),
        ("restart", &["full-replication"]),
    ];
    for entry in ["localhost", "*.example.com, 127.0.0.1/target"] {
        programs.set("PROTECTED_HOSTS", entry);
        for (program, arguments) in commands {
            let words =
                ["  DATABASE_URL: ", "is protected by PROTECTED_HOSTS", "name another database"];
            refused(&programs, program, arguments, &words);
        }
    }
    programs.unset("PROTECTED_HOSTS").set("SOURCE_DATABASE_URL", production.target_url());
    for (program, arguments) in commands {
        let words = ["  DATABASE_URL: ", "is the database of SOURCE_DATABASE_URL"];
        refused(&programs, program, arguments, &words);
    }
    assert_eq!(production.on_target("SELECT one FROM precious"), "1");
}
