//! A Redis, and the program on it.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use test_servers::RedisServer;

/// How long anything may take; only a failing test waits so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const REPLICATION: &str = "Replication queue";
pub(crate) const NOTIFICATION: &str = "Notification queue";

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A Redis, and the program on it.
pub(crate) struct Cli {
    redis: Option<RedisServer>,
    pub(crate) home: TempDir,
}

impl Cli {
    pub(crate) fn new() -> Self {
        Self { redis: Some(RedisServer::start().unwrap()), home: TempDir::new().unwrap() }
    }

    /// The program where there is no Redis.
    pub(crate) fn without_redis() -> Self {
        Self { redis: None, home: TempDir::new().unwrap() }
    }

    pub(crate) fn redis_server(&self) -> &RedisServer {
        self.redis.as_ref().unwrap()
    }

    pub(crate) fn redis_url(&self) -> String {
        self.redis.as_ref().map_or_else(|| "redis://127.0.0.1:1".into(), RedisServer::url)
    }

    /// The program with an environment of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queue-cli"));
        command
            .args(arguments)
            .env_clear()
            .env("NODE_ENV", "test")
            .env("TZ", "UTC")
            .env("TERM", "xterm")
            .env("HOME", self.home.path())
            .env("REDIS_URL", self.redis_url())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let output = self.command(arguments).output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What the program says when it does what it was asked.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:#?}");
        assert_eq!(finished.stderr, "", "{arguments:?}");
        finished.stdout
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A command of Redis; `{q}` stands for the key prefix of the replication queue.
    pub(crate) fn redis<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut connection =
            redis::Client::open(self.redis_url()).unwrap().get_connection().unwrap();
        let mut words = command.split(' ');
        let mut cmd = redis::cmd(words.next().unwrap());
        for word in words {
            cmd.arg(word.replace("{q}", &format!("bull:{REPLICATION}")));
        }
        cmd.query(&mut connection).unwrap()
    }

    /// Adds a job to the replication queue and answers its id.
    pub(crate) fn add(&self, options: &[&str]) -> String {
        let arguments = [&["add", r#"{"night":1}"#, "--queue", REPLICATION], options].concat();
        self.json(&arguments)["added"]["id"].as_str().unwrap().to_owned()
    }

    /// Adds a job that a worker has taken.
    pub(crate) fn add_active(&self, options: &[&str]) -> String {
        let id = self.add(options);
        let moved: String = self.redis("LMOVE {q}:wait {q}:active LEFT LEFT");
        assert_eq!(moved, id, "the queue was empty");
        self.redis::<()>(&format!("HSET {{q}}:{id} processedOn 1795000000000"));
        id
    }

    /// Adds a job that has failed.
    pub(crate) fn add_failed(&self, reason: &str) -> String {
        let id = self.add_active(&[]);
        self.ok(&["fail", &id, reason, "--queue", REPLICATION]);
        id
    }

    /// How many jobs of the replication queue stand in a state.
    pub(crate) fn count(&self, state: &str) -> u64 {
        self.json(&["stats", "--queue", REPLICATION])[0][state].as_u64().unwrap()
    }

    /// Every key with its value, to see whether anything changed.
    pub(crate) fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let mut connection =
            redis::Client::open(self.redis_url()).unwrap().get_connection().unwrap();
        let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
        keys.sort();
        let mut dump = |key: &String| redis::cmd("DUMP").arg(key).query(&mut connection).unwrap();
        keys.iter().map(|key| (key.clone(), dump(key))).collect()
    }
}

/// Snapshots without what differs from run to run; texts of the same width, so that tables hold.
macro_rules! assert_output {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => vec![
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "YYYY-MM-DDThh:mm:ss.mmmZ"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "YYYY-MM-DD hh:mm:ss"),
            (r"\d{13}-", "1234567890123-"),
        ] }, { insta::assert_snapshot!($name, $text) });
    };
}
pub(crate) use assert_output;
