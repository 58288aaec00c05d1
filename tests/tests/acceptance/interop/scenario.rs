//! A sequence of operations, done by Bull alone, by ours alone, and by both in turn: the content of
//! Redis after each step, the answers and the events must be the same, and both must read the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use test_servers::{RedisServer, wait_for_async};

use crate::interop::content::content;
use crate::interop::node::{Answer, Node};
use crate::interop::ours::Ours;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Bull,
    Ours,
}

/// Who does which step.
#[derive(Debug, Clone, Copy)]
enum Mode {
    BullAlone,
    OursAlone,
    BullFirst,
    OursFirst,
}

impl Mode {
    const ALL: [Self; 4] = [Self::BullAlone, Self::OursAlone, Self::BullFirst, Self::OursFirst];

    fn who(self, step: usize) -> Who {
        match (self, step % 2) {
            (Self::BullAlone, _) | (Self::BullFirst, 0) | (Self::OursFirst, 1) => Who::Bull,
            _ => Who::Ours,
        }
    }
}

/// One Redis, one Node.js process, and our client.
pub struct Stage {
    pub redis: RedisServer,
    pub node: Node,
    pub ours: Ours,
}

impl Stage {
    pub fn set() -> Self {
        Self::on(RedisServer::start().unwrap())
    }

    pub fn on(redis: RedisServer) -> Self {
        let node = Node::start(&redis.url());
        let ours = Ours::new(&redis.url());
        Self { redis, node, ours }
    }

    /// Waits until so many jobs of `queue` stand in `state`.
    pub async fn until(&mut self, queue: &str, state: &str, count: u64) {
        let ours = self.ours.queue(queue).await;
        let state = state.parse().unwrap();
        let reached = wait_for_async(Duration::from_secs(30), async || {
            ours.counts().await.unwrap().of(state) == count
        });
        assert!(reached.await, "{queue}: {:?}", ours.counts().await.unwrap());
    }

    /// Goes through the steps four times and compares. `ignored`: channels that are not compared.
    pub async fn play(&mut self, name: &str, ignored: &[&str], steps: &[Value]) {
        let mut wanted: Option<Run> = None;
        for mode in Mode::ALL {
            let run = self.run(name, mode, steps).await;
            let Some(wanted) = &wanted else {
                wanted = Some(run);
                continue;
            };
            for (step, (bulls, found)) in wanted.steps.iter().zip(&run.steps).enumerate() {
                let place = format!("{name}, {mode:?}, step {step} {}", steps[step]);
                assert_eq!(found.answer, bulls.answer, "answer: {place}");
                assert_same(&found.content, &bulls.content, &place);
            }
            let heard = |run: &Run| -> Vec<(String, Value)> {
                let heard = run.events.iter();
                heard.filter(|(channel, _)| !ignored.contains(&channel.as_str())).cloned().collect()
            };
            assert_eq!(heard(&run), heard(wanted), "events: {name}, {mode:?}");
        }
    }

    async fn run(&mut self, name: &str, mode: Mode, steps: &[Value]) -> Run {
        let queue = format!("{name} by {mode:?}");
        let mut connection = self.ours.queue(&queue).await.connection().manager();
        let events = Events::hear(&self.redis, &queue).await;
        let mut holders: BTreeMap<String, Who> = BTreeMap::new();
        let mut done = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let mut who = mode.who(number);
            let id = step["id"].as_str().unwrap_or_default();
            if matches!(step["op"].as_str(), Some("finish" | "fail" | "dead")) {
                who = holders[id];
            }
            let answer = match who {
                Who::Bull => self.node.does(&queue, step).await,
                Who::Ours => self.ours.does(&queue, step).await,
            };
            if step["op"] == "take" {
                holders.insert(answer.clone().unwrap().as_str().unwrap().to_owned(), who);
            }
            let read = json!({ "op": "read" });
            let theirs = self.node.does(&queue, &read).await.unwrap();
            let ours = self.ours.does(&queue, &read).await.unwrap();
            assert_eq!(
                ours, theirs,
                "read differently: {name}, {mode:?}, after step {number} {step}"
            );
            done.push(Step {
                // The texts are for people; each program has its own.
                answer: answer.map_err(|_| "refused".to_owned()),
                content: content(&mut connection, &queue).await,
            });
        }
        let events = events.until_now(&mut connection, &queue).await;
        Run { steps: done, events }
    }
}

struct Run {
    steps: Vec<Step>,
    events: Vec<(String, Value)>,
}

struct Step {
    answer: Answer,
    content: BTreeMap<String, Value>,
}

fn assert_same(found: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Value>, place: &str) {
    let keys: std::collections::BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    for key in keys {
        assert_eq!(
            found.get(key),
            wanted.get(key),
            "key {key}: {place}; left is ours, right Bull's"
        );
    }
}

/// What is published of one queue.
struct Events {
    heard: Arc<Mutex<Vec<(String, String)>>>,
}

impl Events {
    async fn hear(redis: &RedisServer, queue: &str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let client = redis::Client::open(redis.url()).unwrap();
        let mut subscription = client.get_async_pubsub().await.unwrap();
        let base = format!("bull:{queue}:");
        subscription.psubscribe(format!("{base}*")).await.unwrap();
        let sink = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut messages = subscription.into_on_message();
            while let Some(message) = messages.next().await {
                let channel = message.get_channel_name().strip_prefix(&base).unwrap().to_owned();
                let said = message.get_payload::<String>().unwrap();
                sink.lock().unwrap().push((channel, said));
            }
        });
        Self { heard }
    }

    /// Everything said until now, in order, without the timers' remarks.
    async fn until_now(
        self,
        connection: &mut redis::aio::ConnectionManager,
        queue: &str,
    ) -> Vec<(String, Value)> {
        let channel = format!("bull:{queue}:the end");
        redis::cmd("PUBLISH").arg(channel).arg("").query_async::<()>(connection).await.unwrap();
        let ended = || self.heard.lock().unwrap().iter().any(|(channel, _)| channel == "the end");
        assert!(wait_for_async(Duration::from_secs(10), async || ended()).await);
        let heard = self.heard.lock().unwrap();
        let plain =
            heard.iter().filter(|(channel, _)| channel != "the end").map(|(channel, said)| {
                let (name, token) = channel.split_once('@').unwrap_or((channel, "none"));
                let channel = match token {
                    "none" => name.to_owned(),
                    "" => format!("{name}@"),
                    _ => format!("{name}@<token>"),
                };
                let said = match name {
                    "delayed" => {
                        assert!(said.parse::<f64>().is_ok(), "delayed: {said:?}");
                        json!("<ms>")
                    }
                    "completed" | "failed" | "progress" => serde_json::from_str(said).unwrap(),
                    _ => json!(said),
                };
                (channel, said)
            });
        // How often an idle worker says so depends on its patience.
        plain.filter(|(channel, _)| channel != "drained").collect()
    }
}
