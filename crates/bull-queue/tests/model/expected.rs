//! The model: a queue in memory.

use std::collections::BTreeMap;

use bull_queue::State;

use crate::operation::NewJob;

/// How many jobs may run at once.
pub const SLOTS: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedJob {
    pub priority: u64,
    pub lifo: bool,
    pub attempts: u32,
    pub backoff: bool,
    pub keep: Option<u64>,
    pub attempts_made: u32,
    pub failed_reason: Option<String>,
    pub logs: usize,
}

/// What an operation should have answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done,
    Ids(Vec<String>),
    Count(u64),
    /// Nothing is changed.
    Refused(&'static str),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    pub counter: u64,
    pub paused: bool,
    pub jobs: BTreeMap<String, ExpectedJob>,
    /// Next to run first; in `paused` while the queue is paused.
    pub line: Vec<String>,
    /// Those of the line that have a priority.
    pub prioritised: BTreeMap<String, u64>,
    /// Longest running first.
    pub active: Vec<String>,
    /// First due first.
    pub delayed: Vec<String>,
    /// Oldest first.
    pub completed: Vec<String>,
    pub failed: Vec<String>,
}

use Answer::{Count, Done, Ids, Refused};

impl Expected {
    /// Idle workers take what stands in line.
    pub fn settle(&mut self) {
        while !self.paused && self.active.len() < SLOTS && !self.line.is_empty() {
            let id = self.line.remove(0);
            self.prioritised.remove(&id);
            self.active.push(id);
        }
    }

    fn enqueue(&mut self, id: &str, priority: u64, lifo: bool) {
        let id = id.to_owned();
        if priority > 0 {
            let ahead = self.prioritised.values().filter(|other| **other <= priority).count();
            self.prioritised.insert(id.clone(), priority);
            let place = if ahead > self.line.len() { 0 } else { ahead };
            self.line.insert(place, id);
        } else if lifo {
            self.line.insert(0, id);
        } else {
            self.line.push(id);
        }
    }

    pub fn add(&mut self, new: &NewJob) -> String {
        self.counter += 1;
        if let Some(id) = new.id
            && self.jobs.contains_key(id)
        {
            return id.to_owned();
        }
        let id = new.id.map_or_else(|| self.counter.to_string(), str::to_owned);
        let job = ExpectedJob {
            priority: new.priority,
            lifo: new.lifo,
            attempts: new.attempts,
            backoff: new.backoff,
            keep: new.keep,
            attempts_made: 0,
            failed_reason: None,
            logs: 0,
        };
        self.jobs.insert(id.clone(), job);
        if new.delayed {
            self.delayed.push(id.clone());
        } else {
            self.enqueue(&id, new.priority, new.lifo);
        }
        id
    }

    pub fn promote(&mut self, id: &str) -> Answer {
        if !self.jobs.contains_key(id) {
            return Refused("NoSuchJob");
        }
        if !take_out(&mut self.delayed, id) {
            return Refused("NotInState");
        }
        self.enqueue(id, self.jobs[id].priority, false);
        Done
    }

    pub fn promote_due(&mut self) -> Answer {
        for id in std::mem::take(&mut self.delayed) {
            self.enqueue(&id, self.jobs[&id].priority, false);
        }
        Done
    }

    pub fn retry(&mut self, id: &str) -> Answer {
        if !self.jobs.contains_key(id) {
            return Refused("NoSuchJob");
        }
        if self.active.iter().any(|active| active == id) {
            return Refused("Locked");
        }
        if !take_out(&mut self.failed, id) {
            return Refused("NotInState");
        }
        let job = self.jobs.get_mut(id).unwrap();
        job.failed_reason = None;
        let lifo = job.lifo;
        self.enqueue(id, 0, lifo);
        Done
    }

    pub fn retry_failed(&mut self, count: usize) -> Answer {
        let first = self.failed.len().saturating_sub(count);
        let ids = self.failed[first..].to_vec();
        for id in &ids {
            self.retry(id);
        }
        Ids(ids)
    }

    pub fn remove(&mut self, id: &str) -> Answer {
        if !self.jobs.contains_key(id) {
            return Refused("NoSuchJob");
        }
        if self.active.iter().any(|active| active == id) {
            return Refused("Locked");
        }
        self.forget(id);
        Done
    }

    fn forget(&mut self, id: &str) {
        self.jobs.remove(id);
        self.prioritised.remove(id);
        for list in [&mut self.line, &mut self.delayed, &mut self.completed, &mut self.failed] {
            take_out(list, id);
        }
    }

    pub fn log(&mut self, id: &str) -> Answer {
        let Some(job) = self.jobs.get_mut(id) else {
            return Refused("NoSuchJob");
        };
        job.logs += 1;
        Count(job.logs as u64)
    }

    /// A running job ends well.
    pub fn complete(&mut self, id: &str) {
        take_out(&mut self.active, id);
        self.completed.push(id.to_owned());
        self.trim(id, State::Completed);
    }

    /// A running job's try fails. Answers where it stands then.
    pub fn fail(&mut self, id: &str, reason: &str, last: bool) -> State {
        take_out(&mut self.active, id);
        let job = self.jobs.get_mut(id).unwrap();
        job.attempts_made += 1;
        job.failed_reason = Some(reason.to_owned());
        let (priority, lifo, backoff) = (job.priority, job.lifo, job.backoff);
        if last || job.attempts_made >= job.attempts {
            self.failed.push(id.to_owned());
            self.trim(id, State::Failed);
            State::Failed
        } else if backoff {
            self.delayed.push(id.to_owned());
            State::Delayed
        } else {
            self.enqueue(id, priority, lifo);
            State::Waiting
        }
    }

    fn trim(&mut self, id: &str, state: State) {
        let keep = self.jobs[id].keep;
        if keep == Some(0) {
            self.forget(id);
        } else if let Some(keep) = keep {
            let list = if state == State::Completed { &self.completed } else { &self.failed };
            let beyond = list.len().saturating_sub(usize::try_from(keep).unwrap());
            let gone: Vec<String> = list.iter().take(beyond).cloned().collect();
            for id in gone {
                self.forget(&id);
            }
        }
    }

    pub fn drain(&mut self, delayed: bool) -> Answer {
        let mut gone = self.line.clone();
        if delayed {
            gone.extend(self.delayed.clone());
        }
        for id in &gone {
            self.forget(id);
        }
        Count(gone.len() as u64)
    }

    pub fn clean(&mut self, state: State, limit: Option<usize>) -> Answer {
        let mut ids = match state {
            State::Waiting if !self.paused => self.line.clone(),
            State::Paused if self.paused => self.line.clone(),
            // Those that run are locked.
            State::Waiting | State::Paused | State::Active => Vec::new(),
            State::Completed => self.completed.clone(),
            State::Failed => self.failed.clone(),
            State::Delayed => self.delayed.clone(),
        };
        ids.truncate(limit.unwrap_or(usize::MAX));
        for id in &ids {
            self.forget(id);
        }
        Ids(ids)
    }

    pub fn obliterate(&mut self) -> Answer {
        if !self.active.is_empty() {
            return Refused("Busy");
        }
        *self = Self::default();
        Done
    }
}

fn take_out(list: &mut Vec<String>, id: &str) -> bool {
    let place = list.iter().position(|other| other == id);
    place.map(|place| list.remove(place)).is_some()
}
