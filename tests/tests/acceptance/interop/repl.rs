//! bull-repl on our queue, in a terminal.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bull_queue::{JobId, Queue};
use serde_json::json;
use test_servers::wait_for_async;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::interop::install;
use crate::interop::scenario::Stage;

const QUEUE: &str = "Replication queue";
const LIMIT: Duration = Duration::from_secs(30);

/// bull-repl in a terminal of its own, made by script(1).
struct Terminal {
    _child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    home: tempfile::TempDir,
}

impl Terminal {
    fn open() -> Self {
        let modules = install::node_modules();
        let home = tempfile::tempdir().unwrap();
        let repl = modules.join("bull-repl/index.js");
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command"])
            .arg(format!("node '{}'", repl.display()))
            .arg("/dev/null")
            // It keeps its history where it was started and in the home directory.
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("script(1) of Debian's bsdutils");
        let keys = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&screen);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer).await {
                sink.lock().unwrap().push_str(&plain(&String::from_utf8_lossy(&buffer[..count])));
            }
        });
        Self { _child: child, keys, screen, home }
    }

    async fn until(&self, text: &str) {
        let seen = async || self.screen.lock().unwrap().contains(text);
        assert!(
            wait_for_async(LIMIT, seen).await,
            "{text:?} never stood on the screen of {}:\n{}",
            self.home.path().display(),
            self.screen.lock().unwrap()
        );
    }

    /// Types a line and waits until `text` stands on the screen; answers what came since.
    async fn enter(&mut self, line: &str, text: &str) -> String {
        self.screen.lock().unwrap().clear();
        self.keys.write_all(format!("{line}\r").as_bytes()).await.unwrap();
        self.until(text).await;
        self.screen.lock().unwrap().clone()
    }
}

/// The text without the terminal's control sequences.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next() == Some('[') {
                for c in chars.by_ref() {
                    if c.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
        } else if c != '\r' {
            plain.push(c);
        }
    }
    plain
}

async fn counts(queue: &Queue) -> (u64, u64, u64) {
    let counts = queue.counts().await.unwrap();
    (counts.waiting, counts.completed, counts.failed)
}

#[tokio::test]
async fn an_operator_connects_looks_retries_and_cleans() {
    let mut stage = Stage::set();
    for step in [
        json!({ "op": "add", "data": { "return": { "rows": 3 } } }),
        json!({ "op": "add", "data": { "fail": "disk full" } }),
        json!({ "op": "add", "data": { "fail": "no space" } }),
        json!({ "op": "work", "until": { "completed": 1, "failed": 2 } }),
        json!({ "op": "add", "data": { "n": 4 } }),
    ] {
        stage.ours.does(QUEUE, &step).await.unwrap();
    }
    let queue = stage.ours.queue(QUEUE).await;
    let mut terminal = Terminal::open();
    terminal.until("BULL-REPL>").await;
    let connect = format!("connect \"{QUEUE}\" -p {}", stage.redis.port());
    terminal.enter(&connect, "BULL-REPL | bull.Replication queue>").await;

    let stats = terminal.enter("stats", "└").await;
    for (state, count) in [("waiting", 1), ("completed", 1), ("failed", 2), ("delayed", 0)] {
        let row = stats.lines().find(|line| line.contains(state)).unwrap_or_default();
        assert!(row.contains(&format!("│ {count} ")), "{state}:\n{stats}");
    }
    let failed = terminal.enter("failed", "count: 2").await;
    assert!(failed.contains("failedReason: 'disk full'"), "{failed}");
    assert!(failed.contains("stackTrace: [ 'Error: no space' ]"), "{failed}");
    let completed = terminal.enter("completed", "count: 1").await;
    assert!(completed.contains("returnValue: { rows: 3 }"), "{completed}");
    terminal.enter("get 2", "count: 1").await;
    terminal.enter("log 2 looked-at", "Add log? (y/n)").await;
    terminal.enter("y", "Log added to job").await;
    assert_eq!(queue.logs("2", 0, -1).await.unwrap().lines, ["looked-at"]);

    // As an operator answers: first no, then yes.
    terminal.enter("retry 2", "Retry? (y/n)").await;
    terminal.enter("n", "You cancel action").await;
    assert_eq!(counts(&queue).await, (1, 1, 2));
    terminal.enter("retry 2", "Retry? (y/n)").await;
    terminal.enter("y", "Jobs \"2\" retried").await;
    assert_eq!(counts(&queue).await, (2, 1, 1));
    terminal.enter("rm 4 --yes", "Jobs \"4\" removed").await;
    assert_eq!(queue.job("4").await.unwrap(), None);

    // What is older than a millisecond.
    terminal.enter("clean 1ms -s failed --yes", "Jobs cleaned").await;
    assert_eq!(counts(&queue).await, (1, 1, 0));
    terminal.enter("clean 1ms --yes", "Jobs cleaned").await;
    assert_eq!(counts(&queue).await, (1, 0, 0));
    terminal.enter("pause --yes", "Queue paused").await;
    assert!(queue.is_paused().await.unwrap());
    terminal.enter("resume --yes", "resumed from pause").await;
    let left = queue.ids(bull_queue::State::Waiting, 0, -1).await.unwrap();
    assert_eq!(left, [JobId::from("2")]);

    // Our worker runs what the operator has retried; the operator sees it.
    terminal.enter("events-on", "events enabled").await;
    // It says so before Redis has heard of it.
    let mut redis = queue.connection().manager();
    let listens = wait_for_async(LIMIT, async || {
        let channel = format!("bull:{QUEUE}:failed");
        let channels: Vec<String> = redis::cmd("PUBSUB")
            .arg(&["CHANNELS", &channel])
            .query_async(&mut redis)
            .await
            .unwrap();
        let patterns: u64 =
            redis::cmd("PUBSUB").arg("NUMPAT").query_async(&mut redis).await.unwrap();
        !channels.is_empty() && patterns >= 3
    });
    assert!(listens.await, "bull-repl listens to no events");
    let work = json!({ "op": "work", "until": { "failed": 1 } });
    stage.ours.does(QUEUE, &work).await.unwrap();
    terminal.until("A job with id 2 has started").await;
    terminal.until("A job 2 failed with error disk full").await;
}
