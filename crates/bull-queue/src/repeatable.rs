//! Repeatable jobs: their keys, ids and times, as Bull computes them.

use chrono::{DateTime, Local, Utc};
use md5::{Digest, Md5};
use serde::Serialize;

use crate::cron::{self, CronSchedule, ScheduleError};
use crate::job::{JobId, JobRequest};
use crate::options::{JobOptions, RepeatOptions};

/// A repeatable job of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepeatableJob {
    /// The member of the `repeat` set: `name:id:endDate:tz:cron`.
    pub key: String,
    /// The name of its jobs.
    pub name: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// The last time it may run, in milliseconds since the epoch.
    pub end_date: Option<u64>,
    /// The time zone of `cron`.
    pub tz: Option<String>,
    /// Five fields.
    pub cron: Option<String>,
    /// Milliseconds between two occurrences, instead of `cron`.
    pub every: Option<u64>,
    /// When it next runs, in milliseconds since the epoch.
    pub next: u64,
}

impl RepeatableJob {
    /// Parses a member of the `repeat` set.
    pub(crate) fn from_member(key: &str, next: u64) -> Self {
        // The cron expression comes last; no field before it contains a colon.
        let mut parts = key.splitn(5, ':').map(|part| Some(part).filter(|part| !part.is_empty()));
        let mut part = || parts.next().flatten().map(str::to_owned);
        let (name, id, end_date) = (part(), part(), part());
        let (zone_or_interval, cron) = (part(), part());
        let (tz, every) = match &cron {
            Some(_) => (zone_or_interval, None),
            None => (None, zone_or_interval.and_then(|every| every.parse().ok())),
        };
        Self {
            key: key.to_owned(),
            name: name.unwrap_or_default(),
            id,
            end_date: end_date.and_then(|date| date.parse().ok()),
            tz,
            cron,
            every,
            next,
        }
    }

    /// Prefix of its occurrences' ids.
    pub(crate) fn id_prefix(&self) -> String {
        id_prefix(&self.name, self.id.as_deref(), &self.key)
    }
}

/// The member of the `repeat` set for `repeat`.
pub(crate) fn key(name: &str, repeat: &RepeatOptions) -> String {
    let id = repeat.job_id.as_deref().unwrap_or_default();
    let end_date = repeat.end_date.map(|date| date.to_string()).unwrap_or_default();
    match &repeat.cron {
        Some(cron) => {
            let tz = repeat.tz.as_deref().unwrap_or_default();
            format!("{name}:{id}:{end_date}:{tz}:{cron}")
        }
        None => {
            let every = repeat.every.map(|every| every.to_string()).unwrap_or_default();
            format!("{name}:{id}:{end_date}:{every}")
        }
    }
}

/// Prefix of the occurrences' ids: `repeat:<md5>:`.
fn id_prefix(name: &str, id: Option<&str>, key: &str) -> String {
    let id = id.unwrap_or_default();
    format!("repeat:{}:", md5_hex(&format!("{name}{id}:{}", md5_hex(key))))
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

/// One occurrence of a repeatable job, ready to be added.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    pub(crate) key: String,
    pub(crate) next: u64,
    pub(crate) request: JobRequest,
}

/// The occurrence after that of `request` (or the first, if it has none); `None` if the repeatable job has
/// no more occurrences.
pub(crate) fn next_occurrence(
    request: &JobRequest,
    now: u64,
) -> Result<Option<Occurrence>, ScheduleError> {
    let Some(repeat) = &request.options.repeat else {
        return Ok(None);
    };
    let mut repeat = repeat.clone();
    let previous = request.options.prev_millis;
    if previous.is_none() {
        // Only the first request's own id is part of the key; later ones have an occurrence's id.
        repeat.job_id = request.options.job_id.as_ref().map(ToString::to_string).or(repeat.job_id);
    }
    let count = repeat.count.unwrap_or(0) + 1;
    let over = repeat.limit.is_some_and(|limit| count > limit)
        || repeat.end_date.is_some_and(|end| now > end);
    if over {
        return Ok(None);
    }
    let Some(next) = next_time(now.max(previous.unwrap_or(0)), &repeat)? else {
        return Ok(None);
    };
    let key = key(&request.name, &repeat);
    let id = format!("{}{next}", id_prefix(&request.name, repeat.job_id.as_deref(), &key));
    repeat.count = Some(count);
    repeat.key = Some(key.clone());
    let options = JobOptions {
        repeat: Some(repeat),
        job_id: Some(JobId::from(id)),
        delay: next.saturating_sub(now),
        timestamp: Some(now),
        prev_millis: Some(next),
        ..request.options.clone()
    };
    // Each occurrence is a run of its own.
    let request = JobRequest { options, run_id: None, ..request.clone() };
    Ok(Some(Occurrence { key, next, request }))
}

/// The first time strictly after `after`.
fn next_time(after: u64, repeat: &RepeatOptions) -> Result<Option<u64>, ScheduleError> {
    let neither = ScheduleError::CronOrEvery { found: "neither" };
    match (&repeat.cron, repeat.every) {
        (Some(_), Some(_)) => Err(ScheduleError::CronOrEvery { found: "both" }),
        (None, None | Some(0)) => Err(neither),
        (None, Some(every)) => Ok(Some((after / every + 1) * every)),
        (Some(cron), None) => {
            let after = after.max(repeat.start_date.unwrap_or(0));
            let Some(after) =
                i64::try_from(after).ok().and_then(DateTime::<Utc>::from_timestamp_millis)
            else {
                return Ok(None);
            };
            let next = match &repeat.tz {
                Some(tz) => CronSchedule::parse_in(cron, cron::zone(tz)?)?.next_after(after),
                None => next_local(cron, after)?,
            };
            let next = next.and_then(|next| u64::try_from(next.timestamp_millis()).ok());
            Ok(next.filter(|next| repeat.end_date.is_none_or(|end| *next <= end)))
        }
    }
}

/// As in Bull: without a time zone, that of the process.
fn next_local(cron: &str, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ScheduleError> {
    let schedule = CronSchedule::parse(cron)?;
    Ok(schedule.next_after_in(after.with_timezone(&Local)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by bull 4.16.5: `queue.add({}, {repeat: {cron: '10 5 * * *', tz: 'Europe/Paris'}})`.
    #[test]
    fn keys_and_ids_are_bulls() {
        let repeat = RepeatOptions::cron("10 5 * * *", "Europe/Paris");
        let key = key("__default__", &repeat);
        assert_eq!(key, "__default__:::Europe/Paris:10 5 * * *");
        let read = RepeatableJob::from_member(&key, 5);
        assert_eq!(read.cron.as_deref(), Some("10 5 * * *"));
        assert_eq!(read.tz.as_deref(), Some("Europe/Paris"));
        assert_eq!(read.id_prefix(), "repeat:236017121bb708588911b5f9e8deea8a:");
        assert_eq!((read.id, read.end_date, read.every), (None, None, None));
    }

    #[test]
    fn an_interval_is_read_and_written() {
        let key =
            key("ping", &RepeatOptions { job_id: Some("a".into()), ..RepeatOptions::every(250) });
        assert_eq!(key, "ping:a::250");
        let read = RepeatableJob::from_member(&key, 5);
        assert_eq!((read.every, read.cron, read.tz), (Some(250), None, None));
        assert_eq!(read.id.as_deref(), Some("a"));
        assert_eq!(next_time(1000, &RepeatOptions::every(250)).unwrap(), Some(1250));
    }

    #[test]
    fn an_occurrence_follows_the_one_before_it() {
        let mut request = JobRequest::default();
        request.options.attempts = 4;
        request.options.repeat =
            Some(RepeatOptions { limit: Some(2), ..RepeatOptions::every(1000) });
        let first = next_occurrence(&request, 10_500).unwrap().unwrap();
        assert_eq!(first.next, 11_000);
        assert_eq!(first.request.options.delay, 500);
        assert_eq!(first.request.options.attempts, 4);
        assert_eq!(first.request.options.repeat.as_ref().unwrap().count, Some(1));

        // At exactly the due time, or long after it: never the same one again, and never several.
        let second = next_occurrence(&first.request, 11_000).unwrap().unwrap();
        assert_eq!(second.next, 12_000);
        assert_eq!(second.key, first.key);
        let late = next_occurrence(&first.request, 99_999).unwrap().unwrap();
        assert_eq!(late.next, 100_000);
        assert!(next_occurrence(&second.request, 12_000).unwrap().is_none());
    }

    #[test]
    fn both_or_neither_is_an_error() {
        let both = RepeatOptions { every: Some(5), ..RepeatOptions::cron("* * * * *", "UTC") };
        assert_eq!(next_time(0, &both), Err(ScheduleError::CronOrEvery { found: "both" }));
        let neither = RepeatOptions::default();
        assert_eq!(next_time(0, &neither), Err(ScheduleError::CronOrEvery { found: "neither" }));
    }
}
