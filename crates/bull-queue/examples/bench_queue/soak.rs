//! The memory of one worker over many jobs.

use bull_queue::{JobOptions, Keep, Queue, connect};
use test_servers::RedisServer;

use crate::Outcome;
use crate::measure::{add_many, reach, start};

/// Jobs that are in line at most.
const BATCH: u32 = 10_000;

/// After how many jobs the memory is read.
const SAMPLES: [u32; 7] = [10_000, 50_000, 100_000, 250_000, 500_000, 750_000, 1_000_000];

pub(crate) async fn run(jobs: u32, concurrency: usize) -> Outcome<()> {
    let redis = RedisServer::start()?;
    let queue = Queue::new(connect(&redis.url()).await?, "soak");
    // The newest only: Redis keeps the others, and it is not Redis that is watched.
    let options =
        JobOptions { remove_on_complete: Some(Keep::newest(1000)), ..JobOptions::default() };
    let mut marks = start(&queue, concurrency, |count| count % BATCH == 0);
    println!("worker, concurrency {concurrency}\n{:>10}  {:>10}", "jobs", "RSS, KiB");
    let mut count = 0;
    while count < jobs {
        add_many(&queue, BATCH, &options).await?;
        reach(&mut marks).await?;
        count += BATCH;
        if SAMPLES.contains(&count) || count >= jobs {
            println!("{count:>10}  {:>10}", resident()?);
        }
    }
    Ok(())
}

/// The resident memory of this process, KiB.
fn resident() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("/proc/self/status names no VmRSS")?.parse()?)
}
