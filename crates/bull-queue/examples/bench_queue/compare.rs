//! Ours, Bull and BullMQ in turn on one private Redis.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_servers::RedisServer;

use crate::Outcome;
use crate::table::{Measured, print};

/// Jobs whose start is waited for, one after the other, in one measurement.
const LATENCY_JOBS: u32 = 200;

/// The second is ours on a runtime with one thread, as Node.js has.
pub(crate) const CONTESTANTS: [&str; 4] = ["ours", "one-thread", "bull", "bullmq"];

/// What is measured, and with which concurrency.
pub(crate) const MEASURES: [(&str, u32); 6] =
    [("run", 1), ("run", 10), ("run", 50), ("add", 1), ("bulk", 1), ("latency", 1)];

pub(crate) async fn run(rounds: u32, jobs: u32, node: Option<&Path>) -> Outcome<()> {
    let redis = RedisServer::start()?;
    let mut measured = Measured::default();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (measure, concurrency) in MEASURES {
            let jobs = if measure == "latency" { LATENCY_JOBS } else { jobs };
            for contestant in CONTESTANTS {
                let mut command = match (contestant, node) {
                    ("ours" | "one-thread", _) => {
                        let mut command = Command::new(std::env::current_exe()?);
                        command.arg("measure");
                        if contestant == "one-thread" {
                            command.arg("--one-thread");
                        }
                        command
                    }
                    (_, None) => continue,
                    (library, Some(directory)) => {
                        let mut command = Command::new("node");
                        command.current_dir(directory).arg("measure.mjs").arg(library);
                        command
                    }
                };
                clear(&redis).await?;
                command.args([measure, &redis.port().to_string(), contestant]);
                command.args([jobs.to_string(), concurrency.to_string()]);
                let result = output(&mut command)?;
                eprintln!("  {measure} {concurrency} {contestant} {result}");
                measured.note(contestant, measure, concurrency, &result);
            }
        }
    }
    print(&measured);
    Ok(())
}

async fn clear(redis: &RedisServer) -> Outcome<()> {
    let client = redis::Client::open(redis.url())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    Ok(())
}

fn output(command: &mut Command) -> Outcome<Value> {
    let output = command.output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} ended with {}: {stderr}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
