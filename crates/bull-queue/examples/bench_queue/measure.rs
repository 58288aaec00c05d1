//! One measurement of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::{BoxDynError, WorkerBuilder};
use bull_queue::{
    BullBackend, JobContext, JobOptions, JobOutcome, JobRequest, Queue, WorkerEvent, WorkerOptions,
    connect,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// Jobs that are done before the clock starts, so that Node's compiler has warmed up.
const WARM_UP: u32 = 1000;

/// Jobs per call of `add_bulk`.
const CHUNK: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Measure {
    /// Jobs that a worker does.
    Run,
    /// Jobs that are added one by one.
    Add,
    /// Jobs that are added in bulk.
    Bulk,
    /// From `add` to the start of the handler, on an idle queue.
    Latency,
}

pub(crate) async fn run(
    measure: Measure,
    port: u16,
    name: &str,
    jobs: u32,
    concurrency: usize,
) -> Outcome<Value> {
    let queue = Queue::new(connect(&format!("redis://127.0.0.1:{port}")).await?, name);
    match measure {
        Measure::Run => {
            add_many(&queue, WARM_UP + jobs, &JobOptions::default()).await?;
            let is_mark = move |count| count == WARM_UP || count == WARM_UP + jobs;
            let mut marks = start(&queue, concurrency, is_mark);
            reach(&mut marks).await?;
            let stopwatch = Stopwatch::start(&queue).await?;
            reach(&mut marks).await?;
            stopwatch.stop(jobs).await
        }
        Measure::Add => {
            for number in 0..WARM_UP {
                queue.add(&request(number)).await?;
            }
            let stopwatch = Stopwatch::start(&queue).await?;
            for number in 0..jobs {
                queue.add(&request(number)).await?;
            }
            stopwatch.stop(jobs).await
        }
        Measure::Bulk => {
            add_many(&queue, WARM_UP, &JobOptions::default()).await?;
            let stopwatch = Stopwatch::start(&queue).await?;
            add_many(&queue, jobs, &JobOptions::default()).await?;
            stopwatch.stop(jobs).await
        }
        Measure::Latency => latency(&queue, jobs).await,
    }
}

fn request(number: u32) -> JobRequest {
    JobRequest::new(json!({ "n": number }), JobOptions::default())
}

pub(crate) async fn add_many(queue: &Queue, count: u32, options: &JobOptions) -> Outcome<()> {
    let all: Vec<u32> = (0..count).collect();
    for chunk in all.chunks(CHUNK as usize) {
        let jobs: Vec<_> = chunk
            .iter()
            .map(|number| JobRequest::new(json!({ "n": number }), options.clone()))
            .collect();
        queue.add_bulk(&jobs).await?;
    }
    Ok(())
}

/// Starts a worker of trivial jobs; tells when as many are recorded as completed as `is_mark` names.
pub(crate) fn start(
    queue: &Queue,
    concurrency: usize,
    is_mark: impl Fn(u32) -> bool + Send + Sync + 'static,
) -> UnboundedReceiver<()> {
    let (tell, marks) = unbounded_channel();
    let count = AtomicU32::new(0);
    let observer = move |_: &str, event: &WorkerEvent| {
        if matches!(event, WorkerEvent::Completed { .. })
            && is_mark(count.fetch_add(1, Ordering::Relaxed) + 1)
        {
            let _ = tell.send(());
        }
    };
    let options =
        WorkerOptions { concurrency, observer: Arc::new(observer), ..WorkerOptions::default() };
    let worker =
        WorkerBuilder::new("bench").backend(BullBackend::new(queue.clone(), options)).build(
            |_: Value, _: JobContext| async { Ok::<_, BoxDynError>(JobOutcome::new(json!({}))) },
        );
    tokio::spawn(worker.run());
    marks
}

pub(crate) async fn reach(marks: &mut UnboundedReceiver<()>) -> Outcome<()> {
    Ok(marks.recv().await.ok_or("the worker ended")?)
}

async fn latency(queue: &Queue, jobs: u32) -> Outcome<Value> {
    let (tell_start, mut started) = unbounded_channel();
    let (tell_end, mut ended) = unbounded_channel();
    let observer = move |_: &str, event: &WorkerEvent| {
        if matches!(event, WorkerEvent::Completed { .. }) {
            let _ = tell_end.send(());
        }
    };
    let options = WorkerOptions { observer: Arc::new(observer), ..WorkerOptions::default() };
    let worker = WorkerBuilder::new("bench")
        .backend(BullBackend::new(queue.clone(), options))
        .build(move |_: Value, _: JobContext| {
            let _ = tell_start.send(Instant::now());
            async { Ok::<_, BoxDynError>(JobOutcome::new(json!({}))) }
        });
    tokio::spawn(worker.run());
    let mut times = Vec::new();
    for number in 0..jobs {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let before = Instant::now();
        queue.add(&request(number)).await?;
        let start = started.recv().await.ok_or("the worker ended")?;
        times.push((start - before).as_secs_f64() * 1000.0);
        ended.recv().await.ok_or("the worker ended")?;
    }
    times.sort_by(f64::total_cmp);
    Ok(json!({
        "median_ms": times[times.len() / 2],
        "p99_ms": times[times.len() * 99 / 100],
    }))
}
