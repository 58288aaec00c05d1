//! Workers killed, ended and stopped at random, Redis stopped, killed and started again, while
//! thousands of jobs are added: no job is lost, none is run by two at once, none is run again after
//! it has ended or was cut, and each completed job has exactly one successor.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the seed of a run that failed")]

mod journal;
#[path = "../guarantees/support.rs"]
mod support;
mod trouble;
mod verdict;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bull_queue::{Backoff, JobOptions, JobRequest, Queue, State, connect};
use serde_json::json;
use test_servers::{RedisOptions, RedisServer, wait_for_async};

use journal::Journal;
use trouble::Trouble;

pub const FIRST: &str = "chaos: first";
pub const SECOND: &str = "chaos: second";

/// How often a job is tried.
pub const ATTEMPTS: u32 = 3;

/// How long the trouble lasts in the ordinary run; `CHAOS_SECONDS` asks for more.
const SECONDS: u64 = 20;

/// How long it may take until every job has ended, once there is no more trouble.
const CALM: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_runs_twice() {
    let seconds = std::env::var("CHAOS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let options = RedisOptions { append_only: true, ..RedisOptions::default() };
    let redis = RedisServer::start_with(options).unwrap();
    let url = redis.url();
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::new(&directory.path().join("journal"));
    let first = Queue::new(connect(&url).await.unwrap(), FIRST);
    let second = Queue::new(connect(&url).await.unwrap(), SECOND);

    let stop = Arc::new(AtomicBool::new(false));
    let adding = tokio::spawn(add_jobs(first.clone(), Arc::clone(&stop)));
    let mut trouble = Trouble::begin(redis, journal.clone());
    while Instant::now() < end {
        trouble.strike().await;
    }
    stop.store(true, Ordering::SeqCst);
    let added = adding.await.unwrap();
    trouble.calm().await;
    println!("{added} jobs, {}", trouble.summary());

    until_all_ended(&[&first, &second]).await;
    verdict::journal(&journal);
    verdict::content(&first, &second, added).await;

    // What was cut is run again when an operator asks for it.
    for queue in [&first, &second] {
        for job in queue.jobs(State::Failed, 0, -1).await.unwrap() {
            if job.failed_reason.as_deref() == Some(bull_queue::INTERRUPTED_REASON) {
                queue.retry(&job.id).await.unwrap();
            }
        }
    }
    until_all_ended(&[&first, &second]).await;
    verdict::nothing_is_cut(&first, &second).await;
    verdict::content(&first, &second, added).await;
    trouble.end().await;
}

/// Adds jobs until it is told to stop; answers how many. Each is added once, whatever happens.
async fn add_jobs(queue: Queue, stop: Arc<AtomicBool>) -> u64 {
    let options = JobOptions {
        attempts: ATTEMPTS,
        backoff: Some(Backoff::fixed(50)),
        ..JobOptions::default()
    };
    let mut added = 0;
    while !stop.load(Ordering::SeqCst) {
        let request = |number: u64| JobRequest::new(json!({ "number": number }), options.clone());
        if added % 7 == 0 {
            let requests: Vec<JobRequest> = (added..added + 5).map(request).collect();
            queue.add_bulk(&requests).await.unwrap();
            added += 5;
        } else {
            queue.add(&request(added)).await.unwrap();
            added += 1;
        }
        tokio::time::sleep(Duration::from_millis(12)).await;
    }
    added
}

async fn until_all_ended(queues: &[&Queue]) {
    let mut counts = Vec::new();
    let ended = wait_for_async(CALM, async || {
        counts.clear();
        for queue in queues {
            counts.push(queue.counts().await.unwrap());
        }
        counts.iter().all(|counts| counts.waiting + counts.active + counts.delayed == 0)
    });
    assert!(ended.await, "jobs that never end: {counts:?}");
}
