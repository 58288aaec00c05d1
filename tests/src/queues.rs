//! What stands in Redis, read without any of our own code.

use serde_json::Value;

/// Redis, looked at as an operator would with redis-cli.
#[derive(Debug)]
pub struct Queues {
    client: redis::Client,
}

impl Queues {
    /// The four queues, in the order of the night.
    pub const NAMES: [&'static str; 4] = [
        "Replication queue",
        "Incremental replication queue",
        "Learning Content replication queue",
        "Notification queue",
    ];

    /// Looks at the Redis of `url`.
    ///
    /// # Panics
    /// When the URL is wrong.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { client: redis::Client::open(url).expect("a Redis URL") }
    }

    /// Runs a command; nothing while Redis does not answer.
    pub fn query<T: redis::FromRedisValue>(&self, words: &[&str]) -> Option<T> {
        let mut connection = self.client.get_connection().ok()?;
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(&mut connection).ok()
    }

    /// How many jobs stand in the sorted set `state` (`completed`, `failed`, `delayed`).
    #[must_use]
    pub fn count(&self, queue: &str, state: &str) -> u64 {
        self.query(&["ZCARD", &format!("bull:{queue}:{state}")]).unwrap_or_default()
    }

    /// The ids in the list `active` or `wait`.
    #[must_use]
    pub fn list(&self, queue: &str, list: &str) -> Vec<String> {
        self.query(&["LRANGE", &format!("bull:{queue}:{list}"), "0", "-1"]).unwrap_or_default()
    }

    /// The ids of the failed jobs, oldest first.
    #[must_use]
    pub fn failed(&self, queue: &str) -> Vec<String> {
        self.query(&["ZRANGE", &format!("bull:{queue}:failed"), "0", "-1"]).unwrap_or_default()
    }

    /// A field of a job.
    #[must_use]
    pub fn field(&self, queue: &str, id: &str, field: &str) -> Option<String> {
        self.query(&["HGET", &format!("bull:{queue}:{id}"), field])
    }

    /// A field of a job as JSON.
    #[must_use]
    pub fn json(&self, queue: &str, id: &str, field: &str) -> Option<Value> {
        serde_json::from_str(&self.field(queue, id, field)?).ok()
    }

    /// Whether each queue has completed `nights` jobs.
    #[must_use]
    pub fn completed_everywhere(&self, nights: u64) -> bool {
        Self::NAMES.iter().all(|queue| self.count(queue, "completed") == nights)
    }
}
