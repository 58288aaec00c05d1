//! A nightly run: waits for its end, and reads its progress and results from Redis.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use pipeline::human::{count, duration, size};
use redis::Connection;
use serde_json::Value;

use crate::interrupt::Interrupt;
use crate::programs::Programs;
use crate::screen::Screen;
use crate::worker::Worker;

/// The queues, in the order of the chain.
pub(crate) const QUEUES: [&str; 4] = [
    "Replication queue",
    "Incremental replication queue",
    "Learning Content replication queue",
    "Notification queue",
];

/// A run that takes longer than this is stuck.
const LIMIT: Duration = Duration::from_secs(600);
const INTERVAL: Duration = Duration::from_millis(100);

/// Rows in the table of the slowest objects.
const SLOWEST: usize = 5;

/// One run of the chain.
pub(crate) struct NightlyRun {
    redis: Connection,
    /// Numbers of completed and failed jobs of each queue before this run.
    before: [(u64, u64); QUEUES.len()],
}

impl NightlyRun {
    /// Records the state of the queues before the run begins.
    pub(crate) fn prepare(redis_url: &str) -> anyhow::Result<Self> {
        let mut redis = redis::Client::open(redis_url)
            .and_then(|client| client.get_connection())
            .context("connect to Redis")?;
        let mut before = [(0, 0); QUEUES.len()];
        for (queue, counts) in QUEUES.iter().zip(&mut before) {
            *counts = (jobs(&mut redis, queue, "completed")?, jobs(&mut redis, queue, "failed")?);
        }
        Ok(Self { redis, before })
    }

    /// Shows log and progress until the last job of the chain has completed.
    ///
    /// # Errors
    /// A failed job, a worker that ended, the time limit, or Ctrl-C.
    pub(crate) fn watch(
        &mut self,
        worker: &mut Worker,
        programs: &Programs,
        interrupt: &Interrupt,
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            worker.forward(screen);
            interrupt.check()?;
            if self.is_over(programs, screen)? {
                worker.forward(screen);
                return Ok(());
            }
            if let Some(status) = worker.ended()? {
                worker.forward(screen);
                bail!("the worker ended during the run ({status})");
            }
            if start.elapsed() > LIMIT {
                bail!("the run has not ended after {} s", LIMIT.as_secs());
            }
            if let Some(progress) = self.progress()? {
                screen.status(&progress);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    fn is_over(&mut self, programs: &Programs, screen: &mut Screen) -> anyhow::Result<bool> {
        let mut is_over = false;
        for (queue, (completed, failed)) in QUEUES.iter().zip(self.before) {
            if jobs(&mut self.redis, queue, "failed")? > failed {
                let output = programs.output("queue-cli", &[], &["failed"])?;
                screen.quote(&String::from_utf8_lossy(&output.stdout));
                bail!("a job of {queue} failed");
            }
            // The chain ends with the last queue.
            is_over = jobs(&mut self.redis, queue, "completed")? > completed;
        }
        Ok(is_over)
    }

    /// The active job's queue and its progress, in one line.
    fn progress(&mut self) -> anyhow::Result<Option<String>> {
        for queue in QUEUES {
            let active: Option<String> = redis::cmd("LINDEX")
                .arg(format!("bull:{queue}:active"))
                .arg(0)
                .query(&mut self.redis)?;
            let Some(id) = active else { continue };
            let progress: Option<String> = redis::cmd("HGET")
                .arg(format!("bull:{queue}:{id}"))
                .arg("progress")
                .query(&mut self.redis)?;
            let progress: Value =
                progress.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            return Ok(Some(format!("{queue}, job {id}{}", described(&progress))));
        }
        Ok(None)
    }

    /// The phases of each job: queue, phase, objects, rows, size, time.
    pub(crate) fn phases(&mut self) -> anyhow::Result<Vec<Vec<String>>> {
        let mut rows = Vec::new();
        for (queue, returned) in self.returned()? {
            rows.extend(returned["phases"].as_array().into_iter().flatten().map(|phase| {
                vec![
                    queue.to_owned(),
                    text(&phase["name"]),
                    count(number(&phase["objects"])),
                    count(number(&phase["rows"])),
                    size(number(&phase["bytes"])),
                    time(&phase["seconds"]),
                ]
            }));
        }
        Ok(rows)
    }

    /// The slowest objects: kind, name, rows, size, time.
    pub(crate) fn slowest(&mut self) -> anyhow::Result<Vec<Vec<String>>> {
        let returned = self.returned()?;
        let mut objects: Vec<&Value> = returned
            .iter()
            .flat_map(|(_, returned)| returned["slowest"].as_array().into_iter().flatten())
            .collect();
        let seconds = |object: &Value| object["seconds"].as_f64().unwrap_or_default();
        objects.sort_by(|one, other| seconds(other).total_cmp(&seconds(one)));
        let row = |object: &&Value| {
            vec![
                text(&object["kind"]),
                text(&object["name"]),
                count(number(&object["rows"])),
                size(number(&object["bytes"])),
                time(&object["seconds"]),
            ]
        };
        Ok(objects.iter().take(SLOWEST).map(row).collect())
    }

    /// The return value of the last job of each queue.
    fn returned(&mut self) -> anyhow::Result<Vec<(&'static str, Value)>> {
        let mut values = Vec::new();
        for queue in QUEUES {
            let ids: Vec<String> = redis::cmd("ZREVRANGE")
                .arg(format!("bull:{queue}:completed"))
                .arg(0)
                .arg(0)
                .query(&mut self.redis)?;
            for id in ids {
                let returned: Option<String> = redis::cmd("HGET")
                    .arg(format!("bull:{queue}:{id}"))
                    .arg("returnvalue")
                    .query(&mut self.redis)?;
                let returned = returned.and_then(|text| serde_json::from_str(&text).ok());
                values.push((queue, returned.unwrap_or_default()));
            }
        }
        Ok(values)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(seconds: &Value) -> String {
    duration(seconds.as_f64().unwrap_or_default())
}

fn jobs(redis: &mut Connection, queue: &str, set: &str) -> anyhow::Result<u64> {
    redis::cmd("ZCARD")
        .arg(format!("bull:{queue}:{set}"))
        .query(redis)
        .with_context(|| format!("count the {set} jobs of {queue}"))
}

/// Zero if a phase does not count this.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// `: copy, 40 %, TABLE DATA public.answers, 120 000 rows, 9 s left`, as far as known.
fn described(progress: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(phase) = progress["phase"].as_str() {
        parts.push(phase.to_owned());
    }
    if let Some(percent) = progress["percent"].as_f64() {
        parts.push(format!("{percent:.0} %"));
    }
    if let Some(object) = progress["object"].as_str() {
        parts.push(object.to_owned());
    }
    if let Some(rows @ 1..) = progress["rows"].as_u64() {
        parts.push(format!("{} rows", count(rows)));
    }
    if let Some(left) = progress["seconds_left"].as_u64() {
        parts.push(format!("{left} s left"));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}
