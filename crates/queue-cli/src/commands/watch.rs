//! `watch`: counts and the progress of running jobs, updated continuously.

use bull_queue::{Counts, Job, Queue, State};
use console::Term;
use pipeline::human::visible;
use serde_json::Value;

use super::stats;
use crate::context::Context;
use crate::job_json::job_json;
use crate::output::{Output, now};
use crate::period::Period;
use crate::progress;

/// The shortest pause between two statuses.
const SHORTEST: Period = Period::from_millis(50);

/// Maximum number of running jobs shown per queue.
const MOST_RUNNING: isize = 20;

/// State of one queue.
#[derive(Debug, Clone, PartialEq)]
struct QueueStatus {
    queue: String,
    counts: Counts,
    running: Vec<Job>,
}

pub(crate) async fn run(context: &Context, interval: Period) -> anyhow::Result<()> {
    let terminal = Term::stdout();
    let mut screen = Screen { terminal, lines: 0 };
    let mut before: Vec<QueueStatus> = Vec::new();
    let mut tick = tokio::time::interval(interval.max(SHORTEST));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let statuses = inspect(&context.queues).await?;
        let goes_on = if context.output.json {
            stream(context.output, &before, &statuses, |status| vec![as_json(status).to_string()])
        } else if screen.terminal.is_term() {
            screen.show(&statuses)?;
            true
        } else {
            let time = now();
            stream(context.output, &before, &statuses, |status| {
                sentences(status).into_iter().map(|text| format!("{time}  {text}")).collect()
            })
        };
        if !goes_on {
            return Ok(());
        }
        before = statuses;
    }
}

async fn inspect(queues: &[Queue]) -> Result<Vec<QueueStatus>, bull_queue::Error> {
    let mut statuses = Vec::new();
    for queue in queues {
        let counts = queue.counts().await?;
        let running = if counts.active == 0 {
            Vec::new()
        } else {
            queue.jobs(State::Active, 0, MOST_RUNNING - 1).await?
        };
        statuses.push(QueueStatus { queue: queue.name().to_owned(), counts, running });
    }
    Ok(statuses)
}

/// Writes the changes, and returns whether anybody reads them.
fn stream(
    output: Output,
    before: &[QueueStatus],
    statuses: &[QueueStatus],
    lines: impl Fn(&QueueStatus) -> Vec<String>,
) -> bool {
    let changed = statuses.iter().filter(|status| !before.contains(status));
    changed.flat_map(lines).all(|line| output.stream(&line))
}

fn as_json(status: &QueueStatus) -> Value {
    let mut row = stats::as_json(&status.queue, &status.counts);
    row["running"] = status.running.iter().map(|job| job_json(&status.queue, job)).collect();
    row
}

fn sentences(status: &QueueStatus) -> Vec<String> {
    let counts = State::ALL.map(|state| format!("{} {state}", status.counts.of(state)));
    let mut lines = vec![format!("{}: {}", status.queue, counts.join(", "))];
    lines.extend(
        status
            .running
            .iter()
            .map(|job| running(&status.queue, job, &progress::text(job.progress.as_ref()))),
    );
    lines
}

fn running(queue: &str, job: &Job, progress: &str) -> String {
    let try_number = job.attempts_made + 1;
    let tries = job.opts.attempts.max(try_number);
    let progress = if progress.is_empty() { "no progress yet" } else { progress };
    format!("{queue}: job {} runs, try {try_number} of {tries}: {progress}", job.id)
}

/// The job, and below it the objects in progress.
fn running_lines(queue: &str, job: &Job) -> Vec<String> {
    let lines = progress::lines(job.progress.as_ref());
    let mut lines = lines.into_iter();
    let first = running(queue, job, &lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines.map(|object| format!("    {object}"))).collect()
}

/// A part of the terminal that is rewritten repeatedly.
struct Screen {
    terminal: Term,
    lines: usize,
}

impl Screen {
    fn show(&mut self, statuses: &[QueueStatus]) -> std::io::Result<()> {
        let (height, width) = self.terminal.size();
        let counts: Vec<_> =
            statuses.iter().map(|status| (status.queue.as_str(), status.counts)).collect();
        let mut lines: Vec<String> =
            stats::as_table(&counts).to_string().lines().map(str::to_owned).collect();
        lines.extend(statuses.iter().flat_map(|status| {
            status.running.iter().flat_map(|job| running_lines(&status.queue, job))
        }));
        lines.push(format!("{}  Ctrl-C ends", now()));
        // Lines that do not fit could not be erased.
        lines.truncate(usize::from(height).saturating_sub(1).max(1));
        let lines: Vec<_> = lines
            .iter()
            .map(|line| console::truncate_str(&visible(line), usize::from(width), "…").into_owned())
            .collect();
        self.terminal.clear_last_lines(self.lines)?;
        self.terminal.write_line(&lines.join("\n"))?;
        self.lines = lines.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_a_sentence() {
        let status = QueueStatus {
            queue: "Notification queue".into(),
            counts: Counts { waiting: 2, failed: 1, ..Counts::default() },
            running: Vec::new(),
        };
        assert_eq!(
            sentences(&status),
            ["Notification queue: 2 waiting, 0 active, 0 completed, 1 failed, 0 delayed, 0 paused"]
        );
    }
}
