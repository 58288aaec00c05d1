//! Removing old jobs.

use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

/// Number of jobs that one script examines, so that Redis can serve others in between.
const LOOK: usize = 1000;

#[derive(Serialize)]
struct Request {
    nonce: String,
    part: &'static str,
    before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'static str>,
    skip: usize,
    look: usize,
}

impl Queue {
    /// Removes the jobs of one state that are older than `grace`, oldest first and at most `limit`, and
    /// returns their ids. A job's age is the time since its end, otherwise since the start of its last
    /// attempt, otherwise since it was added. Locked jobs are not removed.
    ///
    /// # Errors
    /// When Redis does not answer; jobs removed until then stay removed.
    pub async fn clean(
        &self,
        grace: Duration,
        state: State,
        limit: Option<usize>,
    ) -> Result<Vec<JobId>, Error> {
        let grace = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let before = now_ms().saturating_sub(grace);
        let mut removed = Vec::new();
        let mut skip = 0;
        while limit.is_none_or(|limit| removed.len() < limit) {
            let request = Request {
                nonce: Uuid::new_v4().to_string(),
                part: state.part(),
                before,
                limit: limit.map(|limit| limit - removed.len()),
                set: match state {
                    State::Completed | State::Failed => Some("time"),
                    State::Delayed => Some("other"),
                    State::Waiting | State::Active | State::Paused => None,
                },
                skip,
                look: LOOK,
            };
            let ((ids, kept), _): ((Vec<String>, usize), _) =
                self.run("clean its jobs", &scripts::CLEAN, &request).await?;
            let looked_at = ids.len() + kept;
            removed.extend(ids.into_iter().map(JobId::from));
            skip += kept;
            if !state.is_sorted_set() || looked_at < LOOK {
                break;
            }
        }
        Ok(removed)
    }
}
