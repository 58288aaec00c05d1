//! Bull in a Node.js process, told what to do line by line.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;

use crate::interop::install;

/// How long an operation may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

pub type Answer = Result<Value, String>;
type Pending = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

/// `tests/interop/driver.js`, running; killed when dropped.
pub struct Node {
    _child: Child,
    stdin: ChildStdin,
    pending: Pending,
    seq: u64,
}

impl Node {
    pub fn start(redis_url: &str) -> Self {
        let modules = install::node_modules();
        let mut child = Command::new("node")
            .arg(install::sources().join("driver.js"))
            .arg(redis_url)
            .env("NODE_PATH", modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let pending = Pending::default();
        let waiting = Arc::clone(&pending);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(answer) = serde_json::from_str::<Value>(&line) else {
                    panic!("the driver said {line}");
                };
                let sender = waiting.lock().unwrap().remove(&answer["seq"].as_u64().unwrap());
                let answer = match answer.get("error") {
                    Some(error) => Err(error.as_str().unwrap_or_default().to_owned()),
                    None => Ok(answer["ok"].clone()),
                };
                let _ = sender.unwrap().send(answer);
            }
            // Nobody waits for a process that has ended.
            waiting.lock().unwrap().clear();
        });
        Self { _child: child, stdin, pending, seq: 0 }
    }

    /// Has an operation done; its answer comes later.
    pub async fn begin(
        &mut self,
        queue: &str,
        operation: &Value,
    ) -> impl Future<Output = Answer> + use<> {
        self.seq += 1;
        let (sender, receiver) = oneshot::channel();
        self.pending.lock().unwrap().insert(self.seq, sender);
        let mut request = operation.clone();
        request["seq"] = json!(self.seq);
        request["queue"] = json!(queue);
        self.stdin.write_all(format!("{request}\n").as_bytes()).await.expect("the driver lives");
        let what = operation.to_string();
        async move {
            let answer = tokio::time::timeout(LIMIT, receiver).await;
            answer.unwrap_or_else(|_| panic!("no answer to {what}")).expect("the driver lives")
        }
    }

    /// Does an operation of Bull on `queue`.
    pub async fn does(&mut self, queue: &str, operation: &Value) -> Answer {
        self.begin(queue, operation).await.await
    }
}
