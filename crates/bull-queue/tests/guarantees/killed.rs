//! A worker process that dies in mid-job (SIGKILL), or is told to end (SIGTERM).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bull_queue::{
    CancellationToken, INTERRUPTED_REASON, Interrupted, InterruptedPolicy, JobOptions, Queue,
    State, WorkerEvent, WorkerOptions,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use test_servers::RedisServer;

use crate::support::{
    LIMIT, Raw, TestWorker, done, job_with, queue, queue_on, quick, until_counts, until_state,
};

const URL: &str = "BULL_QUEUE_TEST_REDIS";

/// A worker process whose handler never ends by itself; it ends at SIGTERM.
struct WorkerProcess(Child);

impl WorkerProcess {
    fn start(redis: &RedisServer) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::worker_process", "--ignored", "--nocapture"])
            .env(URL, redis.url())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lock outlives the test, so that only a process known to be dead is not waited for.
fn child_options() -> WorkerOptions {
    WorkerOptions { lock_duration: Duration::from_secs(120), ..quick() }
}

#[tokio::test]
#[ignore = "the other tests of this file run it as a process"]
async fn worker_process() {
    let url = std::env::var(URL).unwrap();
    let queue = Queue::new(bull_queue::connect(&url).await.unwrap(), crate::support::QUEUE);
    let shutdown = CancellationToken::new();
    let options = WorkerOptions { shutdown: shutdown.clone(), ..child_options() };
    let worker = TestWorker::start(&queue, options, |data, context| async move {
        context.append_log("begun").await?;
        if data["ignores"] == json!(true) {
            std::future::pending::<()>().await;
        }
        context.cancel.cancelled().await;
        Err(Interrupted.into())
    });
    let mut term =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    term.recv().await;
    worker.shut_down().await;
}

async fn running_in_process(
    ignores: bool,
) -> (RedisServer, Queue, bull_queue::JobId, WorkerProcess) {
    let (redis, queue) = queue().await;
    let mut request = job_with(JobOptions { attempts: 10, ..JobOptions::default() });
    request.data = json!({ "ignores": ignores });
    let id = queue.add(&request).await.unwrap();
    let process = WorkerProcess::start(&redis);
    crate::support::until("the job's beginning", async || {
        queue.logs(&id, 0, -1).await.unwrap().count == 1
    })
    .await;
    (redis, queue, id, process)
}

async fn assert_interrupted(queue: &Queue, id: &str) {
    let job = queue.job(id).await.unwrap().unwrap();
    assert_eq!(job.failed_reason.as_deref(), Some(INTERRUPTED_REASON));
    assert_eq!(job.attempts_made, 0, "the try does not count");
    assert!(job.finished_on.is_some());
    let raw = Raw(queue.clone());
    assert_eq!(raw.field(id, "owner").await, None);
    assert!(!raw.command::<bool>("EXISTS", &[&raw.key(&format!("{id}:lock"))]).await);
}

#[tokio::test]
async fn killed_in_mid_job_it_is_failed_by_the_next_worker_and_not_run_again() {
    let (redis, queue, id, mut process) = running_in_process(false).await;
    process.kill();
    let next = TestWorker::start(&queue_on(&redis).await, child_options(), |_, _| async { done() });
    until_state(&queue, &id, State::Failed).await;
    assert_interrupted(&queue, &id).await;

    // The worker takes others, but not this one.
    let other = queue.add(&job_with(JobOptions::default())).await.unwrap();
    until_state(&queue, &other, State::Completed).await;
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Failed));
    next.events
        .until(
            "the report",
            |event| matches!(event, WorkerEvent::InterruptedFound { jobs } if jobs.len() == 1),
        )
        .await;
    let events = next.shut_down().await;
    assert_eq!(events.count(|event| matches!(event, WorkerEvent::Started { .. })), 1);

    // An operator makes it run again.
    queue.retry(&id).await.unwrap();
    let last = TestWorker::start(&queue, quick(), |_, _| async { done() });
    until_state(&queue, &id, State::Completed).await;
    last.shut_down().await;
}

#[tokio::test]
async fn killed_while_another_worker_lives_it_is_failed_by_that_one() {
    let (redis, queue, id, mut process) = running_in_process(false).await;
    let other =
        TestWorker::start(&queue_on(&redis).await, child_options(), |_, _| async { done() });
    other
        .events
        .until("the first look", |event| matches!(event, WorkerEvent::InterruptedFound { .. }))
        .await;
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Active), "a living worker's job");
    process.kill();
    until_state(&queue, &id, State::Failed).await;
    assert_interrupted(&queue, &id).await;
    other.shut_down().await;
}

#[tokio::test]
async fn at_sigterm_the_job_is_cancelled_and_recorded_as_interrupted() {
    for ignores in [false, true] {
        let (_redis, queue, id, mut process) = running_in_process(ignores).await;
        process.signal(Signal::SIGTERM);
        until_state(&queue, &id, State::Failed).await;
        assert_interrupted(&queue, &id).await;
        let ended = test_servers::wait_for(LIMIT, || process.0.try_wait().unwrap().is_some());
        assert!(ended, "the process ends by itself");
    }
}

#[tokio::test]
async fn a_job_without_any_trace_of_its_worker_is_failed_once_its_lock_is_gone() {
    let (_redis, queue) = queue().await;
    let raw = Raw(queue.clone());
    // As Node's Bull leaves it: no owner in the hash, a lock with a bare uuid.
    let id = queue.add(&job_with(JobOptions::default())).await.unwrap();
    raw.command::<()>("RPOPLPUSH", &[&raw.key("wait"), &raw.key("active")]).await;
    let lock = raw.key(&format!("{id}:lock"));
    raw.command::<()>("SET", &[&lock, "8b1a9953-c461-4a6f-9e4b-0123456789ab", "PX", "1500"]).await;
    assert!(queue.fail_interrupted(Duration::from_millis(50)).await.unwrap().is_empty());
    assert_eq!(queue.state(&id).await.unwrap(), Some(State::Active));

    let options = WorkerOptions { stalled_interval: Duration::from_secs(600), ..quick() };
    let worker = TestWorker::start(&queue, options, |_, _| async { done() });
    until_state(&queue, &id, State::Failed).await;
    assert_interrupted(&queue, &id).await;
    worker.shut_down().await;
}

#[tokio::test]
async fn without_a_worker_a_program_can_fail_them_itself() {
    let (_redis, queue, id, mut process) = running_in_process(false).await;
    assert!(queue.fail_interrupted(Duration::from_millis(50)).await.unwrap().is_empty());
    process.kill();
    let moved = queue.fail_interrupted(Duration::from_millis(50)).await.unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].id, id);
    assert_interrupted(&queue, &id).await;
    assert!(queue.fail_interrupted(Duration::from_millis(50)).await.unwrap().is_empty());
}

#[tokio::test]
async fn with_the_policy_retry_it_is_put_back_once() {
    let (redis, queue, id, mut process) = running_in_process(false).await;
    process.kill();
    let options = WorkerOptions { interrupted: InterruptedPolicy::Retry, ..child_options() };
    let other =
        TestWorker::start(&queue_on(&redis).await, options.clone(), |_, context| async move {
            context.append_log("again").await?;
            std::future::pending().await
        });
    crate::support::until("the second try", async || {
        queue.logs(&id, 0, -1).await.unwrap().lines == ["begun", "again"]
    })
    .await;
    assert_eq!(other.events.count(|event| matches!(event, WorkerEvent::Stalled { .. })), 1);

    // Its second worker dies as well, as far as Redis can tell.
    other.abort().await;
    let raw = Raw(queue.clone());
    raw.command::<()>("DEL", &[&raw.key(&format!("{id}:lock"))]).await;
    let third = TestWorker::start(&queue_on(&redis).await, options, |_, _| async { done() });
    until_counts(&queue, "given up", |counts| counts.failed == 1).await;
    let job = queue.job(&id).await.unwrap().unwrap();
    assert_eq!(job.failed_reason.as_deref(), Some("job stalled more than allowable limit"));
    assert_eq!(job.stalled_counter, 2);
    third.shut_down().await;
}
