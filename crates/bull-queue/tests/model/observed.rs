//! What can be seen of the real queue, in the model's shape.

use std::collections::BTreeMap;

use bull_queue::{Queue, State};

use crate::expected::{Expected, ExpectedJob};

/// Everything that can be seen, or what contradicts itself.
pub async fn observe(queue: &Queue) -> Result<Expected, String> {
    let ids = async |state| -> Vec<String> {
        let ids = queue.ids(state, 0, -1).await.unwrap();
        ids.into_iter().map(|id| id.to_string()).collect()
    };
    let mut redis = queue.connection().manager();
    let base = format!("bull:{}:", queue.name());
    let paused = queue.is_paused().await.unwrap();
    let (waiting, in_pause) = (ids(State::Waiting).await, ids(State::Paused).await);
    let (empty, line) = if paused { (waiting, in_pause) } else { (in_pause, waiting) };
    if !empty.is_empty() {
        return Err(format!("paused: {paused}, but in the other list stand {empty:?}"));
    }
    let reversed = |mut ids: Vec<String>| {
        ids.reverse();
        ids
    };
    let mut seen = Expected {
        paused,
        line,
        active: ids(State::Active).await,
        delayed: ids(State::Delayed).await,
        completed: reversed(ids(State::Completed).await),
        failed: reversed(ids(State::Failed).await),
        ..Expected::default()
    };
    let counter: Option<u64> =
        redis::cmd("GET").arg(format!("{base}id")).query_async(&mut redis).await.unwrap();
    seen.counter = counter.unwrap_or(0);
    let prioritised: Vec<(String, f64)> = redis::cmd("ZRANGE")
        .arg(format!("{base}priority"))
        .arg(0)
        .arg(-1)
        .arg("WITHSCORES")
        .query_async(&mut redis)
        .await
        .unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
    let whole = |(id, priority): (String, f64)| (id, priority as u64);
    seen.prioritised = prioritised.into_iter().map(whole).collect();

    // Every hash is a job that stands somewhere, every lock that of one that runs.
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{base}*")).query_async(&mut redis).await.unwrap();
    let parts: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(&base)).collect();
    let mut jobs = BTreeMap::new();
    for part in parts {
        if let Some(id) = part.strip_suffix(":lock") {
            if !seen.active.iter().any(|active| active == id) {
                return Err(format!("job {id} is locked and does not run"));
            }
        } else if part.len() < 4 && part != "id" {
            let job = queue.job(part).await.unwrap().ok_or("a job is being removed")?;
            let logs = queue.logs(part, 0, -1).await.unwrap().count;
            let job = ExpectedJob {
                priority: job.priority,
                lifo: job.opts.lifo,
                attempts: job.opts.attempts,
                backoff: job.opts.backoff.is_some(),
                keep: job.opts.remove_on_fail.and_then(|keep| keep.count),
                attempts_made: job.attempts_made,
                failed_reason: job.failed_reason,
                logs: usize::try_from(logs).unwrap(),
            };
            jobs.insert(part.to_owned(), job);
        }
    }
    seen.jobs = jobs;
    let counts = queue.counts().await.unwrap();
    let listed =
        [&seen.active, &seen.completed, &seen.failed, &seen.delayed, &seen.line].map(Vec::len);
    let counted = [
        counts.active,
        counts.completed,
        counts.failed,
        counts.delayed,
        counts.waiting + counts.paused,
    ];
    if listed.iter().zip(counted).any(|(listed, counted)| *listed as u64 != counted) {
        return Err(format!("{counts:?} are not the lists' lengths {listed:?}"));
    }
    Ok(seen)
}
