//! Production to staging, through the real programs: AFTER_RESTORE_COMMAND, PROTECTED_HOSTS,
//! the media sync, and the lines of docs/staging.md.

use acceptance_tests::{Production, Programs, Queues, wait_until};
use nix::sys::signal::Signal;
use test_servers::fakes::{BucketFault, Failing, S3Buckets};
use test_servers::{Proxy, RedisServer};

/// What an application's migrations do, with psql in the place of rake.
const MIGRATIONS: &str = "echo migrating as $PGUSER; \
     psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE migrated AS SELECT count(*) AS users FROM users'; \
     echo \"source: ${SOURCE_DATABASE_URL-not told}\"; echo \"$DATABASE_URL\"; env > environment";

/// Secrets of ours that are none of the command's business.
const SECRETS: [(&str, &str); 6] = [
    ("LCMS_API_KEY", "key-of-the-content-api"),
    ("AWS_SECRET_ACCESS_KEY", "key-of-the-store"),
    ("MEDIA_TARGET_SECRET_ACCESS_KEY", "key-of-the-media"),
    ("SCALINGO_API_TOKEN", "token-of-the-platform"),
    ("SENTRY_DSN", "https://key-of-sentry@sentry.example/1"),
    ("PGPASSFILE", "/a/file/of/passwords"),
];

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
    for (name, value) in SECRETS {
        programs.set(name, value);
    }
    let mut worker = programs.start("worker", &[]);
    let queues = Queues::new(&redis.url());
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the night is over", || {
        queues.completed_everywhere(1) || queues.count(QUEUE, "failed") == 1
    });
    assert_eq!(queues.count(QUEUE, "failed"), 0, "{}", worker.log());
    let users = production.on_source("SELECT count(*) FROM users");
    assert_eq!(production.on_target("SELECT users FROM migrated"), users);
    let summary = queues.json(QUEUE, &last(&queues, QUEUE, "completed"), "returnvalue").unwrap();
    let names: Vec<_> =
        summary["phases"].as_array().unwrap().iter().map(|phase| &phase["name"]).collect();
    let place = |name: &str| names.iter().position(|one| *one == name).unwrap();
    assert!(place("after restore") < place("enrichment"), "{names:?}");
    let log = worker.log();
    for line in ["migrating as target_user", "source: not told", "target_user:***@"] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(!log.contains(Production::PASSWORD) && !log.contains("s3cr%40t"), "{log}");
    // psql warns of a file of passwords that is none.
    assert!(!log.contains("/dev/null") && !log.contains("WARNING"), "{log}");
    worker.kill();
    let seen = std::fs::read_to_string(programs.directory().join("environment")).unwrap();
    assert!(seen.contains("DATABASE_URL=") && seen.contains("PATH="), "{seen}");
    for (_, secret) in SECRETS {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    for secret in [production.source_url(), redis.url()] {
        assert!(!seen.contains(&secret), "{secret} in {seen}");
    }

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
    let reason = queues.field(QUEUE, &last(&queues, QUEUE, "failed"), "failedReason").unwrap();
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
            let reason =
                queues.field(QUEUE, &last(&queues, QUEUE, "failed"), "failedReason").unwrap();
            assert_eq!(reason, "Move interrupted job in failed queue");
        }
        wait_until("its child is gone", || {
            std::fs::read_to_string(format!("/proc/{child}/stat"))
                .map_or(true, |stat| stat.contains(") Z "))
        });
    }
}

/// Nothing of it is run or written.
#[test]
fn check_looks_at_media_and_at_the_command() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let store = media(&mut programs);
    with_psql(&production, &mut programs, "touch run && psql -c 'SELECT 1'");
    let line = |programs: &Programs, subject: &str| {
        let check = programs.run("worker", &["--check"]);
        let mut lines = check.stdout.lines().filter(|line| line.contains(subject));
        (check.code, lines.next().unwrap_or_default().to_owned())
    };
    let subjects = ["MEDIA_SOURCE", "MEDIA_TARGET", "AFTER_RESTORE_COMMAND"];
    for subject in subjects {
        let (code, found) = line(&programs, subject);
        assert_eq!(code, Some(0), "{found}");
        assert!(found.starts_with(&format!("ok    {subject}")), "{found}");
    }
    assert!(!programs.directory().join("run").exists());
    assert!(store.requests().iter().all(|line| line.starts_with("GET ")), "{:?}", store.requests());
    for (name, value, expected) in [
        ("AFTER_RESTORE_COMMAND", "no-such-program-of-ours --now", "not found"),
        ("AFTER_RESTORE_COMMAND", "echo 'open", "it would fail"),
        ("MEDIA_SOURCE", "s3://no-such-bucket/store", "no-such-bucket"),
        ("MEDIA_TARGET", "s3://no-such-bucket/store", "no-such-bucket"),
    ] {
        programs.set(name, value);
        let (code, found) = line(&programs, name);
        assert_eq!(code, Some(1), "{value}: {found}");
        assert!(found.starts_with(&format!("FAIL  {name}")) && found.contains(expected), "{found}");
        programs.set(
            name,
            if name == "AFTER_RESTORE_COMMAND" { "true" } else { "s3://production/store" },
        );
        programs.set("MEDIA_TARGET", "s3://staging/store");
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

/// Production behind a port forward, whose name tells nothing: every step that writes asks the servers.
#[test]
fn production_under_another_name_is_no_target() {
    let production = Production::start();
    let forward = Proxy::start(production.server.port()).unwrap();
    // The role of the target must be able to do the harm.
    production
        .server
        .psql("source", "GRANT ALL ON ALL TABLES IN SCHEMA public TO target_user")
        .unwrap();
    let password = "s3cr%40t";
    let target = format!("postgresql://target_user:{password}@127.0.0.1:{}/source", forward.port());
    let mut programs = Programs::between(production.source_url(), target, "redis://127.0.0.1:1");
    let path = std::env::var("PATH").unwrap();
    programs
        .set("PATH", format!("{}:{path}", production.server.bin_dir().display()))
        .set("BACKUP_MODE", r#"{"answers":"incremental"}"#)
        .set("LCMS_API_URL", "http://127.0.0.1:1/api")
        .set("DB_SCHEMA_EXPORTER_DATABASE_TARGET", production.target_url())
        .set("AFTER_RESTORE_COMMAND", "echo harm");
    let dump = programs.directory().join("app.dump");
    let status = std::process::Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&dump)
        .arg(production.source_url())
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::write(programs.directory().join("data.sql"), "DELETE FROM users;").unwrap();
    let before = production.source_rows();
    for arguments in [
        &["full-replication"][..],
        &["backup-restore"],
        &["restore", "--file", "app.dump"],
        &["incremental"],
        &["learning-content"],
        &["load-data", "--from", "data.sql"],
    ] {
        let run = programs.run("run", arguments);
        assert_eq!(run.code, Some(1), "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains("are one database"), "{arguments:?} {}", run.stderr);
        assert!(!run.stderr.contains("harm") && !run.stderr.contains(password), "{}", run.stderr);
    }
    // A backup does not come from the source, and would replace it nevertheless.
    programs.set("BACKUP_SOURCE", "file").set("BACKUP_FILE", dump.display().to_string());
    let run = programs.run("run", &["full-replication"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("are one database"), "{}", run.stderr);
    let check = programs.run("worker", &["--check"]);
    assert!(check.stdout.contains("are one database"), "{}{}", check.stdout, check.stderr);

    // The schema would go into the source.
    let exported =
        format!("postgresql://target_user:{password}@127.0.0.1:{}/source", forward.port());
    programs
        .set("DATABASE_URL", production.target_url())
        .set("TARGET_DATABASE_URL", production.target_url())
        .set("DB_SCHEMA_EXPORTER_DATABASE_TARGET", exported);
    let run = programs.run("run", &["export-schema"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("are one database"), "{}", run.stderr);
    assert_eq!(production.source_rows(), before);
}

/// The id of the last job in the sorted set `state`.
fn last(queues: &Queues, queue: &str, state: &str) -> String {
    let words = ["ZRANGE", &format!("bull:{queue}:{state}"), "-1", "-1"];
    queues.query::<Vec<String>>(&words).unwrap().remove(0)
}

const MEDIA_QUEUE: &str = "Media sync queue";
const OLD: &str = "2026-01-01T00:00:00Z";

/// A bucket with the media of production, and one for staging's, which has an object too many.
fn media(programs: &mut Programs) -> S3Buckets {
    let store = S3Buckets::start(&["production", "staging"]).unwrap();
    for number in 0..4 {
        let bytes = vec![b'x'; 1 + number * 3_000_000];
        let kind = [("content-type", "image/webp")];
        store.put_with("production", &format!("store/{number}.webp"), OLD, bytes, &kind);
    }
    store.put("staging", "store/0.webp", OLD, "old");
    store.put("staging", "store/gone.webp", OLD, "x");
    store.put("staging", "other/kept.webp", OLD, "x");
    for (name, value) in store.environment() {
        programs.set(&name, value);
    }
    programs.set("MEDIA_SOURCE", "s3://production/store").set("MEDIA_TARGET", "s3://staging/store");
    store
}

fn is_mirrored(store: &S3Buckets) -> bool {
    let mut wanted = store.keys("production");
    wanted.insert(0, "other/kept.webp".into());
    store.keys("staging") == wanted
}

#[test]
fn the_lines_of_the_document() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    with_psql(&production, &mut programs, "echo migrated");
    let example = include_str!("../../../docs/staging.md").split("```console").nth(1).unwrap();
    let lines: Vec<&str> = example
        .split("```")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("$ run "))
        .collect();
    assert_eq!(lines.len(), 5);
    let store = media(&mut programs);
    for line in lines {
        let before = store.keys("staging");
        let run = programs.run("run", &line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(run.code, Some(0), "{line}\n{}", run.stderr);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(S3Buckets::SECRET) && !all.contains(S3Buckets::KEY_ID), "{all}");
        if line.contains("--dry-run") {
            assert_eq!(store.keys("staging"), before, "{line}");
        }
        if line.ends_with("--json") {
            let values = serde_json::Deserializer::from_str(&run.stdout).into_iter();
            let values: Vec<serde_json::Value> = values.map(Result::unwrap).collect();
            let gone = serde_json::json!({"action":"delete","key":"gone.webp","bytes":1});
            assert_eq!(values[0], gone, "{}", run.stdout);
            assert_eq!(values[1]["phases"][2]["objects"], 1, "{}", run.stdout);
        } else if line == "media-sync --dry-run" {
            assert!(run.stdout.contains("copy    0.webp (1 B, another size)"), "{}", run.stdout);
            assert!(run.stdout.contains("copy    3.webp (") && !run.stdout.contains("gone"));
        }
    }
    assert!(is_mirrored(&store), "{:?}", store.keys("staging"));
    assert_eq!(store.object("staging", "store/0.webp").unwrap().bytes, "x");
    assert!(production.target_has("count(*) > 0 FROM users"), "restored");
}

#[test]
fn media_have_a_queue_and_a_schedule_of_their_own() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let queues = Queues::new(&redis.url());
    let repeatables = || {
        let words = ["ZRANGE", &format!("bull:{MEDIA_QUEUE}:repeat"), "0", "-1"];
        queues.query::<Vec<String>>(&words).unwrap_or_default()
    };
    for (program, arguments) in [("restart", &["media-sync"]), ("run", &["media-sync"])] {
        let refused = programs.run(program, arguments);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("MEDIA_SOURCE and MEDIA_TARGET are not set"));
    }
    let store = media(&mut programs);
    programs
        .set("MEDIA_SCHEDULE", "30 6 * * 1")
        .set("MEDIA_DELETE", "true")
        .set("MEDIA_PUBLIC_READ", "true");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("The next media sync starts at");
    let scheduled = repeatables();
    assert_eq!(scheduled.len(), 1);
    assert!(scheduled[0].contains("30 6 * * 1"), "{scheduled:?}");

    assert_eq!(programs.run("restart", &["media-sync"]).code, Some(0));
    wait_until("the sync has ended", || {
        queues.count(MEDIA_QUEUE, "completed") + queues.count(MEDIA_QUEUE, "failed") == 1
    });
    assert_eq!(queues.count(MEDIA_QUEUE, "completed"), 1, "{}", worker.log());
    assert!(is_mirrored(&store), "{:?}", store.keys("staging"));
    let found = store.object("staging", "store/3.webp").unwrap();
    assert_eq!(found.acl.as_deref(), Some("public-read"));
    assert_eq!(found.headers["content-type"], "image/webp");
    let id = last(&queues, MEDIA_QUEUE, "completed");
    let summary = queues.json(MEDIA_QUEUE, &id, "returnvalue").unwrap();
    assert_eq!(summary["phases"][1]["name"], "copy");
    assert_eq!(summary["phases"][1]["bytes"], 1 + 3_000_001 + 6_000_001 + 9_000_001);
    assert!(queues.json(MEDIA_QUEUE, &id, "progress").unwrap()["percent"].as_f64().unwrap() > 90.0);
    assert!(Queues::NAMES.iter().all(|queue| queues.count(queue, "completed") == 0));
    let log = worker.log();
    assert!(log.contains("\"event\":\"media-sync\""), "{log}");
    assert!(!log.contains(S3Buckets::SECRET), "{log}");

    // A failure stands in the failed list, with the object's name, and deletes nothing.
    store.put("production", "store/new.webp", OLD, "new");
    store.put("staging", "store/gone.webp", OLD, "x");
    store.fail([Failing::all("PUT /staging/store/new.webp", "", BucketFault::Status(403))]);
    assert_eq!(programs.run("restart", &["media-sync"]).code, Some(0));
    wait_until("the sync has failed", || queues.count(MEDIA_QUEUE, "failed") == 1);
    let reason =
        queues.field(MEDIA_QUEUE, &last(&queues, MEDIA_QUEUE, "failed"), "failedReason").unwrap();
    assert!(reason.starts_with("1 object could not be copied: \n  new.webp: "), "{reason}");
    assert!(reason.ends_with("nothing was deleted (1 would have been)"), "{reason}");
    assert!(store.object("staging", "store/gone.webp").is_some());
    worker.kill();

    programs.unset("MEDIA_SCHEDULE");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    wait_until("the schedule is off", || repeatables().is_empty());
}

#[test]
fn a_sync_that_is_stopped_is_recorded_and_the_next_one_ends_it() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    let store = media(&mut programs);
    // Read by another key: streamed, the largest in parts.
    for (name, value) in store.environment_of(S3Buckets::READER) {
        programs.set(&format!("MEDIA_SOURCE_{name}"), value);
    }
    programs.set("MEDIA_DELETE", "true");
    store.fail([Failing::all("PUT /staging/store/3.webp", "partNumber=2", BucketFault::Stall)]);
    let mut worker = programs.start("worker", &[]);
    assert_eq!(programs.run("restart", &["media-sync"]).code, Some(0));
    wait_until("the large object travels", || {
        store.requests().iter().any(|line| line.contains("partNumber=2"))
    });
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(4), "{}", worker.log());
    let queues = Queues::new(&redis.url());
    let reason =
        queues.field(MEDIA_QUEUE, &last(&queues, MEDIA_QUEUE, "failed"), "failedReason").unwrap();
    assert_eq!(reason, "Move interrupted job in failed queue");
    assert_eq!(store.open_uploads(), 0, "an upload is left");
    assert!(store.object("staging", "store/gone.webp").is_some());

    store.fail([]);
    let run = programs.run("run", &["media-sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(is_mirrored(&store), "{:?}", store.keys("staging"));
}

#[test]
fn media_are_guarded() {
    let production = Production::start();
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    let store = media(&mut programs);
    let refused = |programs: &Programs, code: i32, arguments: &[&str], words: &[&str]| {
        let run = programs.run("run", arguments);
        assert_eq!(run.code, Some(code), "{arguments:?} {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{word} in {}", run.stderr);
        }
        assert!(store.requests().iter().all(|line| line.starts_with("GET ")));
    };
    let sync = ["media-sync"];
    for entry in ["staging", "staging/store/photos", "127.0.0.1"] {
        programs.set("PROTECTED_HOSTS", entry);
        let words = ["  MEDIA_TARGET: staging/store is protected", "name another place"];
        refused(&programs, 2, &sync, &words);
    }
    programs.set("PROTECTED_HOSTS", "production, staging/other");
    let mut wrong = |name: &str, value: &str, words: &[&str]| {
        let before = match name {
            "MEDIA_SOURCE" => "s3://production/store",
            "MEDIA_TARGET" => "s3://staging/store",
            _ => "",
        };
        programs.set(name, value);
        refused(&programs, 2, &sync, words);
        programs.set(name, before);
    };
    wrong("MEDIA_SOURCE", "s3://staging/store/a", &["  MEDIA_TARGET: ", "overlap"]);
    wrong(
        "MEDIA_SOURCE",
        "https://k:s3cret@host/x",
        &["  MEDIA_SOURCE: must be s3://bucket/prefix, az://"],
    );
    wrong("MEDIA_SOURCE", "", &["  MEDIA_SOURCE: required because MEDIA_TARGET"]);
    wrong("MEDIA_TARGET", "", &["  MEDIA_TARGET: required because MEDIA_SOURCE is set"]);
    wrong("MEDIA_SCHEDULE", "soon", &["  MEDIA_SCHEDULE: "]);
    wrong("MEDIA_MAX_DELETE", "101", &["  MEDIA_MAX_DELETE: must be an integer from 0 to 100"]);
    wrong("MEDIA_JOBS", "0", &["  MEDIA_JOBS: "]);

    programs.set("MEDIA_SOURCE", "s3://production/empty");
    let delete = ["media-sync", "--delete"];
    refused(&programs, 1, &delete, &["contains no objects", "nothing was changed"]);
    programs.set("MEDIA_SOURCE", "s3://production/store").set("MEDIA_MAX_DELETE", "10");
    refused(&programs, 1, &delete, &["1 of the 2 objects of the target", "MEDIA_MAX_DELETE"]);
    let run = programs.run("run", &["media-sync", "--delete", "--force"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(is_mirrored(&store));
    programs.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_eq!(programs.run("run", &sync).code, Some(3), "nobody is there");
}
