//! `queue-cli analyze-logs` on what real programs log.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use acceptance_tests::{Production, Programs, Queues, wait_until};
use serde_json::Value;
use test_servers::RedisServer;

/// What is made of a log, and the log.
struct Analysis {
    records: Vec<Value>,
    report: Value,
}

impl Analysis {
    /// Of the runs that began on the day of the log's first line.
    fn of(programs: &Programs, log: &str) -> Self {
        let path = programs.directory().join("night.log");
        std::fs::write(&path, log).unwrap();
        let records: Vec<Value> =
            log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let day = match records.first() {
            Some(record) => record["time"].as_str().unwrap()[..10].to_owned(),
            None => log[..10].to_owned(),
        };
        let finished =
            programs.run("queue-cli", &["analyze-logs", path.to_str().unwrap(), &day, "--json"]);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{log}");
        Self { records, report: serde_json::from_str(&finished.stdout).unwrap() }
    }

    fn run(&self, step: &str) -> &Value {
        let runs = self.report["runs"].as_array().unwrap();
        let found: Vec<_> = runs.iter().filter(|run| run["step"] == step).collect();
        assert_eq!(found.len(), 1, "{:#}", self.report);
        found[0]
    }

    /// Each kind's objects and seconds, added up from the log's own lines.
    fn added_up(&self, step: &str) -> BTreeMap<String, (u64, f64)> {
        let mut kinds = BTreeMap::new();
        for record in self.records.iter().filter(|record| record["step"] == step) {
            let (Some(kind), Some(seconds)) = (record["kind"].as_str(), record["seconds"].as_f64())
            else {
                continue;
            };
            let kind = if kind.starts_with("SEQUENCE") { "SEQUENCE" } else { kind };
            let sum: &mut (u64, f64) = kinds.entry(kind.to_owned()).or_default();
            sum.0 += 1;
            sum.1 += seconds;
        }
        kinds
    }

    /// The run's sums are those of its lines, its slowest objects those of its own report.
    fn agrees(&self, step: &str, summary: &Value) {
        let run = self.run(step);
        assert_eq!(run["outcome"], "finished", "{run:#}");
        let wanted = self.added_up(step);
        let found = by_kind(run);
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        for (kind, (objects, seconds)) in &wanted {
            let (found_objects, found_seconds) = found[kind];
            assert_eq!(found_objects, *objects, "{kind}");
            assert!((found_seconds - seconds).abs() < 0.001, "{kind}: {found_seconds} {seconds}");
        }
        let slowest = summary["slowest"].as_array().unwrap();
        assert!(!slowest.is_empty(), "{summary:#}");
        for object in slowest {
            let kind = object["kind"].as_str().unwrap();
            let first = slowest.iter().find(|one| one["kind"] == kind).unwrap();
            let kind = if kind.starts_with("SEQUENCE") { "SEQUENCE" } else { kind };
            let kinds = run["kinds"].as_array().unwrap();
            let named = kinds.iter().find(|one| one["kind"] == kind);
            let named = named.unwrap_or_else(|| panic!("no {kind} in {run:#}, but in {summary:#}"));
            assert_eq!(named["slowest"][0]["seconds"], first["seconds"], "{named:#}");
        }
    }
}

fn by_kind(run: &Value) -> BTreeMap<String, (u64, f64)> {
    let kinds = run["kinds"].as_array().unwrap().iter();
    kinds
        .map(|kind| {
            let name = kind["kind"].as_str().unwrap().to_owned();
            (name, (kind["objects"].as_u64().unwrap(), kind["seconds"].as_f64().unwrap()))
        })
        .collect()
}

#[test]
fn a_night_of_a_worker() {
    let (production, redis) = (Production::start(), RedisServer::start().unwrap());
    let mut programs = Programs::new(&production, &redis.url());
    assert_eq!(programs.run("run", &["full-replication"]).code, Some(0));
    production.on_target("ALTER TABLE answers DROP CONSTRAINT answers_userid_foreign");
    production.on_source(
        r#"INSERT INTO answers ("challengeId", "userId") SELECT 'new', 1 FROM generate_series(1, 5)"#,
    );
    programs
        .set("BACKUP_MODE", r#"{"answers":"incremental"}"#)
        .set("RESTORE_FK_CONSTRAINTS", "not-valid");
    let mut worker = programs.start("worker", &[]);
    worker.wait_for_log("No active jobs to be marked as failed for queue Notification queue");
    assert_eq!(programs.run("restart", &["full-replication"]).code, Some(0));
    let queues = Queues::new(&redis.url());
    wait_until("the night is over", || queues.completed_everywhere(1));
    worker.wait_for_log("Completed job in Notification queue");

    let night = Analysis::of(&programs, &worker.log());
    let returned = |queue, id| queues.json(queue, id, "returnvalue").unwrap();
    night.agrees("full-replication", &returned("Replication queue", "2"));
    night.agrees("incremental-replication", &returned("Incremental replication queue", "1"));
    let run = night.run("full-replication");
    let seconds = |part: &str| run[part]["seconds"].as_f64().unwrap();
    let parts = seconds("backup") + seconds("replication") + seconds("enrichment");
    assert!(parts <= seconds("total") + 0.001, "{run:#}");
    let first = night.added_up("full-replication");
    assert!(first["TABLE DATA"].0 > 2 && first["ENRICHMENT"].0 > 0, "{first:?}");
}

#[test]
fn a_run_from_an_archive() {
    let production = Production::start();
    production.on_source(r#"CREATE INDEX answers_challenge ON answers ("challengeId")"#);
    let mut programs = Programs::new(&production, "redis://127.0.0.1:1");
    programs.set("BACKUP_METHOD", "archive").set("PG_RESTORE_JOBS", "2");
    let finished = programs.run("run", &["full-replication", "--json"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let analysis = Analysis::of(&programs, &finished.stderr);
    let summary: Value = serde_json::from_str(&finished.stdout).unwrap();
    analysis.agrees("full-replication", &summary);
    for kind in ["FK CONSTRAINT", "CONSTRAINT", "INDEX", "SEQUENCE", "TABLE DATA", "DUMP"] {
        assert!(analysis.added_up("full-replication").contains_key(kind), "{kind}");
    }
}

#[test]
fn pg_restore_as_it_is() {
    let production = Production::start();
    production.on_source(r#"CREATE INDEX answers_challenge ON answers ("challengeId")"#);
    let programs = Programs::new(&production, "redis://127.0.0.1:1");
    let dump = programs.dumps().join("dump");
    let tool = |name: &str| Command::new(production.server.bin_dir().join(name));
    let dumped = tool("pg_dump")
        .args(["-Fc", "--no-owner", "-f", dump.to_str().unwrap()])
        .arg(production.server.superuser_url("source"))
        .status();
    assert!(dumped.unwrap().success());
    let mut child = tool("pg_restore")
        .args(["--verbose", "--no-owner", "--no-privileges", "-j", "2"])
        .arg("-d")
        .arg(production.server.superuser_url("target"))
        .arg(&dump)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What the platform does with a container's output.
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(|line| {
        let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S%.6f +0000");
        format!("{now} UTC [background-1] {}\n", line.unwrap())
    });
    let log: String = lines.collect();
    assert!(child.wait().unwrap().success(), "{log}");

    let analysis = Analysis::of(&programs, &log);
    let found = by_kind(&analysis.report["runs"][0]);
    let list = tool("pg_restore").arg("--list").arg(&dump).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    for kind in ["FK CONSTRAINT", "CONSTRAINT", "INDEX", "TABLE DATA"] {
        let is_it = |line: &&str| {
            let kinds = line.split_whitespace().skip(3).take_while(|word| *word != "public");
            kinds.collect::<Vec<_>>().join(" ") == kind
        };
        let wanted = list.lines().filter(is_it).count() as u64;
        assert!(wanted > 0, "no {kind} in {list}");
        assert_eq!(found[kind].0, wanted, "{kind} in {log}");
    }
    assert_eq!(found["SEQUENCE"].0, list.matches(" SEQUENCE SET ").count() as u64);
    assert_eq!(analysis.report["runs"][0]["outcome"], "finished");
}
