//! Nights from a backup that somebody else has made, through the real programs.

use std::path::Path;
use std::process::Command;

use acceptance_tests::{Production, Programs, Queues, wait_until};
use test_servers::RedisServer;
use test_servers::fakes::{DownloadFault, ScalingoApi};

/// What pg_dump makes of the source, in the custom format.
fn dump(production: &Production, directory: &Path) -> Vec<u8> {
    let file = directory.join("20261121_pix.pgsql");
    let status = Command::new(production.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&file)
        .arg(production.source_url())
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(file).unwrap()
}

/// As Scalingo packs it.
fn packed(directory: &Path) -> Vec<u8> {
    let archive = directory.join("backup.tar.gz");
    let status = Command::new("tar")
        .arg("-C")
        .arg(directory)
        .arg("-czf")
        .arg(&archive)
        .arg("20261121_pix.pgsql")
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(archive).unwrap()
}

fn scalingo(programs: &mut Programs, api: &ScalingoApi) {
    programs
        .set("BACKUP_SOURCE", "scalingo")
        .set("SCALINGO_APP", ScalingoApi::APP)
        .set("SCALINGO_API_TOKEN", ScalingoApi::TOKEN)
        .set("SCALINGO_AUTH_URL", api.url())
        .set("SCALINGO_API_URL", api.url())
        .set("SCALINGO_DB_API_URL", api.url())
        // Not `today`: a test may run at midnight.
        .set("BACKUP_MAX_AGE", "12 hours")
        // Nobody is there.
        .set("SOURCE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing");
}

fn an_hour_ago() -> String {
    (chrono::Utc::now() - std::time::Duration::from_secs(3_600)).to_rfc3339()
}

#[test]
fn a_night_from_a_backup_on_scalingo() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let api = ScalingoApi::start().unwrap();
    let mut programs = Programs::new(&production, &redis.url());
    scalingo(&mut programs, &api);
    let source_rows = production.source_rows();
    dump(&production, programs.directory());
    let archive = packed(programs.directory());
    let size = archive.len() as u64;

    let check = programs.run("worker", &["--check"]);
    assert_eq!(check.code, Some(1), "no backup yet: {}", check.stdout);
    assert!(check.stdout.contains("FAIL  BACKUP_SOURCE: no usable backup in"), "{}", check.stdout);
    api.add("backup-of-the-night", &an_hour_ago(), "done", archive);
    let check = programs.run("worker", &["--check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(
        check.stdout.contains("ok    BACKUP_SOURCE: Scalingo's application pix-api-production: backup backup-of-the-night of"),
        "{}",
        check.stdout
    );

    api.downloads().fail([DownloadFault::CutAfter(size / 2)]);
    let queues = Queues::new(&redis.url());
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    wait_until("the night is over", || queues.completed_everywhere(1));

    assert_eq!(production.target_rows(), source_rows);
    assert!(production.target_has("count(*) = 50 FROM \"schooling-registrations\""), "enriched");
    let summary = queues.json("Replication queue", "2", "returnvalue").unwrap();
    assert_eq!(summary["phases"][0]["name"], "fetch", "{summary}");
    let messages = worker.messages();
    for message in ["Start fetch Backup", "End fetch Backup", "Start restore Backup"] {
        assert!(messages.iter().any(|one| one == message), "{message} in {messages:#?}");
    }
    assert_eq!(api.downloads().requests().len(), 2, "cut, and resumed");
    assert!(std::fs::read_dir(programs.dumps()).unwrap().next().is_none(), "a dump is left");
    for secret in [ScalingoApi::TOKEN, ScalingoApi::SIGNATURE, Production::PASSWORD] {
        assert!(!worker.log().contains(secret), "{secret} stands in the log");
    }
}

#[test]
fn what_cannot_be_restored_leaves_the_target_as_it_was() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    production.on_target("SET ROLE target_user; CREATE TABLE precious AS SELECT 1 AS one");
    let file = programs.directory().join("night.dump");
    let whole = dump(&production, programs.directory());
    programs
        .set("BACKUP_SOURCE", "file")
        .set("BACKUP_FILE", file.display().to_string())
        .set("SOURCE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing");

    std::fs::write(&file, &whole).unwrap();
    programs.set("BACKUP_MODE", r#"{"users":{"columns":{"email":"'x'"}}}"#);
    let run = programs.run("run", &["full-replication"]);
    assert_eq!(run.code, Some(1), "an archive holds what shall be masked: {}", run.stderr);
    assert!(run.stderr.contains("nothing would be filtered or masked"), "{}", run.stderr);
    assert!(production.target_has("count(*) = 1 FROM precious"));
    programs.unset("BACKUP_MODE");

    let cut = &whole[..whole.len() - 1];
    for (bytes, words) in [
        (cut, "it ends in the data of"),
        (&whole[..whole.len() / 2], "it ends"),
        (b"CREATE TABLE x ();".as_slice(), "contains a plain SQL script"),
        (b"".as_slice(), "contains nothing (0 bytes)"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let run = programs.run("run", &["full-replication"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{words} in {}", run.stderr);
        assert!(production.target_has("count(*) = 1 FROM precious"));
        assert!(std::fs::read_dir(programs.dumps()).unwrap().next().is_none(), "a dump is left");
    }

    std::fs::write(&file, &whole).unwrap();
    let run = programs.run("run", &["full-replication"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(production.target_rows(), production.source_rows());
    assert!(file.exists(), "a file of the operator stays");
}

#[test]
fn a_backup_is_fetched_by_hand() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let api = ScalingoApi::start().unwrap();
    let mut programs = Programs::new(&production, &redis.url());
    let to = programs.directory().join("by-hand.dump");
    let to = to.to_str().unwrap();
    let run = programs.run("run", &["fetch-backup", "--to", to]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("BACKUP_SOURCE is live"), "{}", run.stderr);

    scalingo(&mut programs, &api);
    let whole = dump(&production, programs.directory());
    api.add("backup-of-the-night", &an_hour_ago(), "done", packed(programs.directory()));
    let run = programs.run("run", &["fetch-backup", "--to", to, "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["phases"][0]["bytes"], whole.len());
    assert!(std::fs::read(to).unwrap() == whole);
    let run = programs.run("run", &["restore", "--file", to]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(production.target_rows(), production.source_rows());
}
