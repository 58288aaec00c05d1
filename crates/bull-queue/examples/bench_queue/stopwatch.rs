//! Rates, and the processor time of both sides.

use std::time::Instant;

use bull_queue::Queue;
use serde_json::{Value, json};

use crate::Outcome;

/// Clock ticks a second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

pub(crate) struct Stopwatch {
    queue: Queue,
    redis_before: f64,
    client_before: f64,
    start: Instant,
}

impl Stopwatch {
    pub(crate) async fn start(queue: &Queue) -> Outcome<Self> {
        let redis_before = redis_cpu(queue).await?;
        Ok(Self {
            queue: queue.clone(),
            redis_before,
            client_before: own_cpu()?,
            start: Instant::now(),
        })
    }

    /// Jobs a second, and microseconds of processor time per job.
    pub(crate) async fn stop(self, jobs: u32) -> Outcome<Value> {
        let seconds = self.start.elapsed().as_secs_f64();
        let client = own_cpu()? - self.client_before;
        let redis = redis_cpu(&self.queue).await? - self.redis_before;
        let jobs = f64::from(jobs);
        Ok(json!({
            "per_second": jobs / seconds,
            "client_us": client * 1e6 / jobs,
            "redis_us": redis * 1e6 / jobs,
        }))
    }
}

/// Seconds that Redis has computed.
async fn redis_cpu(queue: &Queue) -> Outcome<f64> {
    let mut connection = queue.connection().manager();
    let info: String = redis::cmd("INFO").arg("cpu").query_async(&mut connection).await?;
    let seconds = |field: &str| -> Option<f64> {
        info.lines().find_map(|line| line.strip_prefix(field))?.trim().parse().ok()
    };
    let cpu = seconds("used_cpu_user:").zip(seconds("used_cpu_sys:"));
    let (user, system) = cpu.ok_or("INFO cpu names no times")?;
    Ok(user + system)
}

/// Seconds that this process has computed, in steps of 10 ms.
fn own_cpu() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("/proc/self/stat cannot be read")?;
    let ticks: Vec<f64> =
        after_name.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS)
}
