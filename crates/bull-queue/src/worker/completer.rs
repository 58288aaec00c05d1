//! Completion: records an attempt's outcome and fetches the next job in one script.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::clock::now_ms;
use crate::job::{Job, JobOutcome, JobRequest, Successor};
use crate::keys::Keys;
use crate::outcome::{Details, Outcome};
use crate::owner::new_token;
use crate::queue::{AddJob, Fields};
use crate::scripts;
use crate::worker::core::Core;
use crate::worker::event::WorkerEvent;
use crate::worker::failure::{Failure, FailureKind};
use crate::worker::lock;
use crate::worker::lock::millis;
use crate::worker::options::InterruptedPolicy;
use crate::worker::running::{FetchedJob, Running};

/// Arguments of `lua/finish.lua`.
#[derive(Debug)]
struct Request<'a> {
    running: &'a Running,
    now: u64,
    outcome: Outcome,
    /// A [`Rest`] as JSON; empty if it contains nothing.
    rest: String,
    next_token: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct AddSuccessor {
    base: String,
    job: AddJob,
}

/// Optional arguments of `lua/finish.lua`, as JSON.
#[derive(Serialize)]
struct Rest<'a> {
    #[serde(flatten)]
    details: Details,
    /// Before all waiting jobs.
    front: bool,
    /// The debounce key held by the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    debounce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<AddSuccessor>,
}

type Reply = (i64, Option<String>, Fields, Option<String>);

/// Records how a try ended, however long Redis is away; answers the next job if it was asked for and there is one.
pub(super) async fn finish(
    core: &Arc<Core>,
    running: &Arc<Running>,
    result: Result<JobOutcome, Failure>,
    fetch_next: bool,
) -> Option<FetchedJob> {
    if running.is_lost() {
        core.release(running);
        return None;
    }
    running.begin_to_finish();
    let now = now_ms();
    let job = &running.job;
    let mut front = false;
    let (mut outcome, event, successor) = match result {
        Ok(outcome) => {
            let event = WorkerEvent::Completed {
                job: Arc::clone(job),
                return_value: outcome.return_value.clone(),
            };
            (Outcome::completed(job, &outcome.return_value), event, outcome.successor)
        }
        Err(failure) if failure.kind == FailureKind::Interrupted => {
            front = core.options.interrupted == InterruptedPolicy::Retry;
            let outcome = interrupted(job, &failure, core.options.interrupted);
            (outcome, WorkerEvent::Interrupted { job: Arc::clone(job) }, None)
        }
        Err(mut failure) => {
            if running.discarded.load(Ordering::SeqCst) {
                failure.kind = FailureKind::Final;
            }
            let (outcome, event) = failed(job, &failure, now);
            (outcome, event, None)
        }
    };
    if matches!(outcome.outcome, "completed" | "failed") {
        outcome.fields.extend(["finishedOn".into(), now.to_string()]);
    }
    let rest = rest(
        std::mem::take(&mut outcome.details),
        front,
        running.field("deid"),
        successor.map(|successor| follow(job, successor, core.queue.token(), now)),
    );
    let next_token = fetch_next.then(new_token);
    let request = Request { running, now, outcome, rest, next_token: next_token.as_deref() };
    let mut reply = record(core, &request).await;
    if reply.as_ref().is_some_and(|reply| reply.0 == lock::GONE) {
        lock::restore(core, running, &core.closed).await;
        reply = record(core, &request).await;
    }
    let slot = running.take_concurrency_slot();
    core.release(running);
    // The worker was closed before Redis was back: the job's lock expires, and it is found as interrupted.
    let Some((code, next_id, next_fields, _next_due)) = reply else {
        core.emit(&WorkerEvent::Unrecorded { job: Arc::clone(job) });
        return None;
    };
    if code > 0 {
        core.emit(&event);
    } else {
        core.emit(&WorkerEvent::Lost { job: Arc::clone(job) });
    }
    Some(FetchedJob { id: next_id?, fields: next_fields, token: next_token?, slot: slot? })
}

async fn record(core: &Core, request: &Request<'_>) -> Option<Reply> {
    // A slot is reused only after the end of its previous job is known to be recorded.
    let slot = request.running.slot_number();
    let receipt = core.queue.keys().part(&format!("receipts:{}-{slot}", core.id));
    let lock_ms = millis(core.options.lock_duration);
    let attempt = |again: bool| {
        let Request { running, now, outcome, rest, next_token } = request;
        let mut call = scripts::FINISH.key(core.queue.keys().base());
        call.key(&receipt).arg(running.job.id.as_str()).arg(&running.token);
        call.arg(&running.processed_on).arg(now).arg(u8::from(again));
        call.arg(next_token.unwrap_or_default()).arg(lock_ms);
        call.arg(outcome.outcome).arg(&outcome.event).arg(rest).arg(&outcome.fields);
        async move {
            let mut manager = core.queue.connection().manager();
            call.invoke_async(&mut manager).await
        }
    };
    core.retry_until_ok("finish", attempt, &core.closed).await
}

fn failed(job: &Arc<Job>, failure: &Failure, now: u64) -> (Outcome, WorkerEvent) {
    let made = job.attempts_made.saturating_add(1);
    let attempts = job.opts.attempts;
    let mut stack = failure.stack.clone();
    let wait = match &job.opts.backoff {
        None => Some(0),
        Some(backoff) => backoff.after(made).map_or_else(
            |unknown| {
                stack = format!("{stack}\n    not tried again: {unknown}");
                None
            },
            Some,
        ),
    };
    let wait = wait.filter(|_| made < attempts && failure.kind == FailureKind::Ordinary);
    let fields = vec![
        "attemptsMade".into(),
        made.to_string(),
        "failedReason".into(),
        failure.error.clone(),
        "stacktrace".into(),
        stacktrace(job, &stack),
    ];
    let outcome = Outcome::failed(job, &failure.error, fields, wait, now);
    let event = WorkerEvent::Failed {
        job: Arc::clone(job),
        made,
        attempts,
        last: wait.is_none(),
        error: failure.error.clone(),
        stack,
    };
    (outcome, event)
}

/// An interrupted attempt does not count. Its job is kept whatever `removeOnFail` says, so that an operator
/// sees it.
fn interrupted(job: &Job, failure: &Failure, policy: InterruptedPolicy) -> Outcome {
    let mut fields = vec!["failedReason".into(), failure.error.clone()];
    match policy {
        InterruptedPolicy::Fail => {
            fields.extend(["stacktrace".into(), stacktrace(job, &failure.stack)]);
            Outcome::failed_and_kept(job, &failure.error, fields)
        }
        InterruptedPolicy::Retry => Outcome { outcome: "wait", fields, ..Outcome::default() },
    }
}

/// Usually empty parts are omitted, because decoding them would be noticeable.
fn rest(
    details: Details,
    front: bool,
    debounce: Option<&str>,
    successor: Option<AddSuccessor>,
) -> String {
    if details == Details::default() && !front && debounce.is_none() && successor.is_none() {
        return String::new();
    }
    serde_json::to_string(&Rest { details, front, debounce, successor }).unwrap_or_default()
}

/// The stack traces of all failed attempts, as a JSON array.
fn stacktrace(job: &Job, latest: &str) -> String {
    let mut stacks: Vec<&str> = job.stacktrace.iter().map(String::as_str).collect();
    stacks.push(latest);
    let limit = job.opts.stack_trace_limit.filter(|limit| *limit > 0);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let kept = &stacks[stacks.len().saturating_sub(limit)..];
    serde_json::to_string(kept).unwrap_or_else(|_| "[]".into())
}

fn follow(job: &Job, successor: Successor, token: &str, now: u64) -> AddSuccessor {
    let run_id = successor.request.run_id.clone().unwrap_or_else(|| job.run_id.clone());
    let request = JobRequest { run_id: Some(run_id), ..successor.request };
    AddSuccessor {
        base: Keys::new(&successor.queue).base().to_owned(),
        job: AddJob::new(&request, token, now),
    }
}
