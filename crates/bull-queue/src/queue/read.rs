//! Reading of counts, jobs and states.

use redis::pipe;
use serde::Serialize;

use super::client::Queue;
use crate::error::Error;
use crate::job::{Job, JobId, State};

/// Number of jobs in each state, counted as in Bull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// In the waiting list.
    pub waiting: u64,
    /// Being run by a worker.
    pub active: u64,
    /// Completed.
    pub completed: u64,
    /// Failed permanently.
    pub failed: u64,
    /// Delayed.
    pub delayed: u64,
    /// In the waiting list of a paused queue.
    pub paused: u64,
}

impl Counts {
    /// The number for one state.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        match state {
            State::Waiting => self.waiting,
            State::Active => self.active,
            State::Completed => self.completed,
            State::Failed => self.failed,
            State::Delayed => self.delayed,
            State::Paused => self.paused,
        }
    }
}

/// Bull multiplies the time by this number, so that jobs due at the same time keep their order.
const SCORES_PER_MS: f64 = 4096.0;

pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

impl Queue {
    /// The number of jobs in each state.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn counts(&self) -> Result<Counts, Error> {
        // Without MULTI, which a Redis that is out of memory refuses even for reads.
        let mut commands = pipe();
        for state in State::ALL {
            let key = self.keys().part(state.part());
            if state.is_sorted_set() {
                commands.zcard(key);
            } else {
                commands.llen(key);
            }
        }
        let [waiting, active, completed, failed, delayed, paused]: [u64; 6] =
            self.query("count its jobs", &commands).await?;
        Ok(Counts { waiting, active, completed, failed, delayed, paused })
    }

    /// A job by its id.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, Error> {
        Ok(self.read_jobs(&[id.into()]).await?.pop())
    }

    /// The jobs in one state, from `start` to `end` inclusive; 0 is the first, and a negative `end` counts
    /// from the last. The order is Bull's: completed and failed jobs newest first, the others in the order
    /// in which they will run (or started).
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn jobs(&self, state: State, start: isize, end: isize) -> Result<Vec<Job>, Error> {
        let ids = self.ids(state, start, end).await?;
        self.read_jobs(&ids).await
    }

    /// Like [`Queue::jobs`], but only the ids.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn ids(&self, state: State, start: isize, end: isize) -> Result<Vec<JobId>, Error> {
        let key = self.keys().part(state.part());
        let mut commands = pipe();
        match state {
            State::Completed | State::Failed => commands.zrevrange(key, start, end),
            State::Delayed => commands.zrange(key, start, end),
            // The first waiting job is at the right end of the list.
            State::Waiting | State::Active | State::Paused => {
                commands.lrange(key, -(end + 1), -(start + 1))
            }
        };
        let (mut ids,): (Vec<String>,) = self.query("list its jobs", &commands).await?;
        if !state.is_sorted_set() {
            ids.reverse();
        }
        Ok(ids.into_iter().map(JobId::from).collect())
    }

    /// When each of these delayed jobs is due, in milliseconds since the epoch; `None` for a job that is
    /// not delayed (any more).
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn due(&self, ids: &[JobId]) -> Result<Vec<Option<u64>>, Error> {
        let mut commands = pipe();
        for id in ids {
            commands.zscore(self.keys().part(State::Delayed.part()), id.to_string());
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let scores: Vec<Option<f64>> = self.query("read when jobs are due", &commands).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
        let due = |score: f64| (score / SCORES_PER_MS).max(0.0) as u64;
        Ok(scores.into_iter().map(|score| score.map(due)).collect())
    }

    /// The state of a job; `None` if it is in no list.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn state(&self, id: &str) -> Result<Option<State>, Error> {
        match self.look_for(id).await? {
            // It may have moved while the lists were read one after the other.
            None => self.look_for(id).await,
            found => Ok(found),
        }
    }

    async fn look_for(&self, id: &str) -> Result<Option<State>, Error> {
        let mut commands = pipe();
        for state in State::ALL {
            let key = self.keys().part(state.part());
            if state.is_sorted_set() {
                commands.zscore(key, id);
            } else {
                commands.lrange(key, 0, -1);
            }
        }
        let found: Vec<redis::Value> = self.query("look for a job", &commands).await?;
        let stands = |(state, value): (State, redis::Value)| {
            let stands = if state.is_sorted_set() {
                !matches!(value, redis::Value::Nil)
            } else {
                let ids: Vec<String> = redis::from_redis_value(value).unwrap_or_default();
                ids.iter().any(|listed| listed == id)
            };
            stands.then_some(state)
        };
        Ok(State::ALL.into_iter().zip(found).find_map(stands))
    }

    /// Reads jobs; ids without a job are skipped.
    pub(crate) async fn read_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = pipe();
        for id in ids {
            commands.hgetall(self.keys().job(id));
        }
        let hashes: Vec<Fields> = match self.query("read jobs", &commands).await {
            Ok(hashes) => hashes,
            Err(error) if error.is_unreachable() => return Err(error),
            Err(_) => return self.read_odd_jobs(ids).await,
        };
        let jobs = ids.iter().cloned().zip(hashes).filter(|(_, fields)| !fields.is_empty());
        Ok(jobs.map(|(id, fields)| Job::from_hash(id, fields)).collect())
    }

    /// Reads jobs one by one, if one of the keys does not contain a hash; that one is returned as
    /// malformed.
    async fn read_odd_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for id in ids {
            let key = self.keys().job(id);
            let (kind,): (String,) = self.query("read a job", pipe().cmd("TYPE").arg(&key)).await?;
            if kind == "hash" || kind == "none" {
                let (fields,): (Fields,) = self.query("read a job", pipe().hgetall(&key)).await?;
                if !fields.is_empty() {
                    jobs.push(Job::from_hash(id.clone(), fields));
                }
            } else {
                let reason = format!("its key {key} holds a {kind}, not a job");
                let fields = vec![(b"malformed".to_vec(), reason.into_bytes())];
                jobs.push(Job::from_hash(id.clone(), fields));
            }
        }
        Ok(jobs)
    }
}
