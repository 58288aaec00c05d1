//! A worker killed or stopped in any step: nothing is lost, nothing runs again by itself, and
//! `restart` makes the night whole.

use std::time::Duration;

use acceptance_tests::{Production, Programs, Queues, wait_until};
use nix::sys::signal::Signal;
use test_servers::RedisServer;

const REASON: &str = "Move interrupted job in failed queue";

struct Night {
    production: Production,
    redis: RedisServer,
    programs: Programs,
    queues: Queues,
}

impl Night {
    fn new() -> Self {
        let (production, redis) = (Production::start(), RedisServer::start().unwrap());
        let programs = Programs::new(&production, &redis.url());
        let queues = Queues::new(&redis.url());
        Self { production, redis, programs, queues }
    }

    /// Kills the worker once `reached` is logged; starts another: the job stands in `failed` and
    /// nothing else happens.
    fn kill_at(&self, slug: &str, queue: &str, reached: &str) {
        let mut worker = self.programs.start("worker", &[]);
        assert_eq!(self.programs.run("restart", &[slug]).code, Some(0));
        worker.wait_for_log(reached);
        worker.kill();
        let mut again = self.programs.start("worker", &[]);
        wait_until("the job stands in failed", || self.queues.failed(queue).len() == 1);
        let id = self.queues.failed(queue).remove(0);
        assert_eq!(self.queues.field(queue, &id, "failedReason").unwrap(), REASON);
        again.wait_for_log(&format!("Failed job in {queue}: {id} {REASON}"));
        assert!(self.queues.list(queue, "active").is_empty());
        assert!(self.queues.list(queue, "wait").is_empty());
        assert!(!again.log().contains("Starting job"), "{}", again.log());
        again.signal(Signal::SIGTERM);
        assert_eq!(again.wait().code(), Some(0));
    }

    /// A whole night, begun by `restart`.
    fn make_whole(&mut self, slug: &str) {
        self.programs.set("LCMS_API_URL", "").set("NOTIFICATIONS", "[]").set("ENRICHMENT_FILE", "");
        let _worker = self.programs.start("worker", &[]);
        assert_eq!(self.programs.run("restart", &[slug]).code, Some(0));
        wait_until("the night is over", || {
            self.queues.count("Notification queue", "completed") == 1
        });
        assert_eq!(self.production.target_rows(), self.production.source_rows());
    }
}

#[test]
fn killed_in_backup() {
    let mut night = Night::new();
    let lock = night.production.lock("source", "users");
    night.kill_at("full-replication", "Replication queue", "Start create Backup");
    drop(lock);
    night.make_whole("full-replication");
}

#[test]
fn killed_in_drop() {
    let mut night = Night::new();
    assert_eq!(night.programs.run("run", &["full-replication"]).code, Some(0));
    let lock = night.production.lock("target", "users");
    night.kill_at("full-replication", "Replication queue", "Start drop Objects");
    drop(lock);
    night.make_whole("full-replication");
}

#[test]
fn killed_in_publication() {
    let mut night = Night::new();
    assert_eq!(night.programs.run("run", &["full-replication"]).code, Some(0));
    // With a table that stays, the others are moved, which a reader can hold up.
    night.programs.set("BACKUP_MODE", r#"{"knowledge-elements":"none"}"#);
    night.programs.set("RESTORE_FK_CONSTRAINTS", "false");
    let lock = night.production.lock("target", "users");
    night.kill_at("full-replication", "Replication queue", "The copy is published by moving");
    drop(lock);
    let users = "SELECT count(*) FROM users";
    assert_eq!(night.production.on_target(users), night.production.on_source(users));
    night.programs.set("BACKUP_MODE", "{}");
    night.programs.set("RESTORE_FK_CONSTRAINTS", "true");
    night.make_whole("full-replication");
}

#[test]
fn killed_in_restore() {
    let mut night = Night::new();
    night.production.on_source(include_str!("../../sql/slow_index.sql"));
    night.kill_at("full-replication", "Replication queue", "Start restore");
    night.production.on_source("DROP INDEX answers_hold_idx; DROP FUNCTION hold;");
    night.make_whole("full-replication");
}

#[test]
fn killed_in_enrichment() {
    let mut night = Night::new();
    let script = night.programs.dumps().join("../slow.sql");
    std::fs::write(&script, "SELECT pg_sleep(600);").unwrap();
    night.programs.set("ENRICHMENT_FILE", script.display().to_string());
    night.kill_at("full-replication", "Replication queue", "Enrich imported data");
    night.make_whole("full-replication");
}

#[test]
fn killed_in_incremental_replication() {
    let mut night = Night::new();
    assert_eq!(night.programs.run("run", &["full-replication"]).code, Some(0));
    night
        .production
        .on_source(r#"INSERT INTO "answers-archive" ("challengeId", "userId") VALUES ('x', 1);"#);
    night.programs.set("BACKUP_MODE", r#"{"answers-archive":"incremental"}"#);
    let lock = night.production.lock("source", "\"answers-archive\"");
    night.kill_at(
        "incremental-replication",
        "Incremental replication queue",
        "Start incremental replication",
    );
    drop(lock);
    night.make_whole("incremental-replication");
}

#[test]
fn killed_in_learning_content_and_notification() {
    let mut night = Night::new();
    assert_eq!(night.programs.run("run", &["full-replication"]).code, Some(0));
    // A server that takes connections and never answers.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    night.programs.set("LCMS_API_URL", url.clone());
    night.kill_at(
        "learning-content-replication",
        "Learning Content replication queue",
        "learningContent.run - Started",
    );
    night.programs.set("LCMS_API_URL", "").set("NOTIFICATIONS", format!(r#"[{{"url":"{url}"}}]"#));
    night.kill_at("notification", "Notification queue", "Start notification");
    night.make_whole("learning-content-replication");
}

#[test]
fn stopped_in_restore() {
    let mut night = Night::new();
    night.production.on_source(include_str!("../../sql/slow_index.sql"));
    let mut worker = night.programs.start("worker", &[]);
    assert_eq!(night.programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("Start restore");
    wait_until("the slow index is being built", || {
        night.production.target_has(
            "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%answers_hold_idx%' AND state = 'active' AND usename = 'target_user')",
        )
    });
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(4), "{}", worker.log());
    let failed = night.queues.failed("Replication queue");
    assert_eq!(failed.len(), 1, "{}", worker.log());
    assert_eq!(
        night.queues.field("Replication queue", &failed[0], "failedReason").unwrap(),
        REASON
    );
    assert!(night.production.is_quiet_within(Duration::from_secs(10)), "server-side work goes on");
    assert!(std::fs::read_dir(night.programs.dumps()).unwrap().next().is_none(), "a dump is left");
    night.production.on_source("DROP INDEX answers_hold_idx; DROP FUNCTION hold;");
    night.make_whole("full-replication");
}

#[test]
fn redis_away_in_mid_job() {
    let mut night = Night::new();
    let options = test_servers::RedisOptions { append_only: true, ..Default::default() };
    night.redis = RedisServer::start_with(options).unwrap();
    night.programs.set("REDIS_URL", night.redis.url());
    night.queues = Queues::new(&night.redis.url());
    let lock = night.production.lock("source", "users");
    let mut worker = night.programs.start("worker", &[]);
    assert_eq!(night.programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("Start create Backup");
    night.redis.kill();
    worker.wait_for_log("Error in Replication queue");
    drop(lock);
    worker.wait_for_log("enrichment.add - Ended");
    night.redis.start_again().unwrap();
    wait_until("the night is over", || night.queues.completed_everywhere(1));
    assert_eq!(night.production.target_rows(), night.production.source_rows());
}

#[test]
fn stopped_in_mid_job_while_redis_is_away() {
    let mut night = Night::new();
    let lock = night.production.lock("source", "users");
    let mut worker = night.programs.start("worker", &[]);
    assert_eq!(night.programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("Start create Backup");
    night.redis.kill();
    worker.wait_for_log("Error in Replication queue");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(4), "{}", worker.log());
    assert!(worker.log().contains("could not be recorded"), "{}", worker.log());
    drop(lock);
}

#[test]
fn the_source_goes_away_in_mid_job() {
    let mut night = Night::new();
    night.programs.set("MAX_RETRY_COUNT", "2");
    let lock = night.production.lock("source", "users");
    let mut worker = night.programs.start("worker", &[]);
    assert_eq!(night.programs.run("restart", &["full-replication"]).code, Some(0));
    worker.wait_for_log("Start create Backup");
    night.production.server.kill();
    drop(lock);
    worker.wait_for_log("(Number of attempts: 2/2)");
    let failed = night.queues.failed("Replication queue");
    assert_eq!(failed.len(), 1);
    night.production.server.start_again().unwrap();
    night.make_whole("full-replication");
}
