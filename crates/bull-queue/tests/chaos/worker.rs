//! A worker process: both queues, two jobs at once in each.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bull_queue::{
    CancellationToken, Interrupted, JobContext, JobOptions, JobOutcome, JobRequest, Queue,
    WorkerOptions, connect,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::journal::{Entry, Journal};
use crate::support::TestWorker;
use crate::{FIRST, SECOND};

const URL: &str = "BULL_QUEUE_CHAOS_REDIS";
const JOURNAL: &str = "BULL_QUEUE_CHAOS_JOURNAL";

/// A worker process; dead when dropped.
pub struct WorkerProcess {
    child: Child,
    journal: Journal,
}

impl WorkerProcess {
    pub fn start(redis_url: &str, journal: &Journal) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "worker::worker_process", "--ignored", "--nocapture"])
            .env(URL, redis_url)
            .env(JOURNAL, journal.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, journal: journal.clone() }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it as a platform does, and waits.
    pub async fn terminate(mut self) {
        self.signal(Signal::SIGTERM);
        for _ in 0..1500 {
            if self.child.try_wait().unwrap().is_some() {
                return self.end();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a worker did not end within 30 s of SIGTERM");
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
        self.journal.write(&Entry::Dead(self.child.id()));
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.end();
        }
    }
}

fn options(shutdown: &CancellationToken) -> WorkerOptions {
    WorkerOptions {
        concurrency: 2,
        lock_duration: Duration::from_secs(2),
        stalled_interval: Duration::from_millis(500),
        stalled_grace: Duration::from_millis(1500),
        guard_interval: Duration::from_millis(500),
        shutdown: shutdown.clone(),
        ..WorkerOptions::default()
    }
}

#[tokio::test]
#[ignore = "the test runs it as a process"]
async fn worker_process() {
    let url = std::env::var(URL).unwrap();
    let journal = Journal::open(&std::env::var(JOURNAL).unwrap());
    // It may be started while Redis is away.
    let connection = loop {
        match connect(&url).await {
            Ok(connection) => break connection,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let shutdown = CancellationToken::new();
    let workers = [FIRST, SECOND].map(|name| {
        let queue = Queue::new(connection.clone(), name);
        let journal = journal.clone();
        TestWorker::start(&queue, options(&shutdown), move |data, context| {
            run(journal.clone(), data, context)
        })
    });
    let mut term =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    term.recv().await;
    for worker in workers {
        worker.shut_down().await;
    }
}

/// A job: takes some milliseconds, fails now and then.
async fn run(
    journal: Journal,
    data: Value,
    context: JobContext,
) -> Result<JobOutcome, apalis::prelude::BoxDynError> {
    let (pid, queue) = (std::process::id(), context.queue.name().to_owned());
    let id = context.job.id.to_string();
    journal.write(&Entry::Begun(pid, queue.clone(), id.clone()));
    let number = data["number"].as_u64().unwrap();
    // Every 11th job fails once, every 50th each time.
    let fails = number % 50 == 49 || (number % 11 == 3 && context.job.attempts_made == 0);
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(number % 17 * 3)) => {}
        () = context.cancel.cancelled() => {
            journal.write(&Entry::Cut(pid, queue, id));
            return Err(Interrupted.into());
        }
    }
    journal.write(&Entry::Ended(pid, queue.clone(), id, !fails));
    if fails {
        return Err("broken".into());
    }
    let outcome = JobOutcome::new(json!(number));
    Ok(if queue == FIRST {
        let options = JobOptions { attempts: crate::ATTEMPTS, ..JobOptions::default() };
        outcome.followed_by(SECOND, JobRequest::new(json!({ "number": number }), options))
    } else {
        outcome
    })
}
