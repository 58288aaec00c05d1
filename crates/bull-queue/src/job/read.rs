//! Reading a job from its hash.

use std::collections::HashMap;

use serde_json::Value;

use super::{DEFAULT_JOB_NAME, Job, JobId};
use crate::options::JobOptions;

impl Job {
    /// Reads a job from the fields of its hash. A job that cannot be parsed is still returned, with
    /// [`Job::malformed`] saying why it cannot be run.
    pub(crate) fn from_hash(id: JobId, fields: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let mut malformed = None;
        let fields: HashMap<String, String> = fields
            .into_iter()
            .map(|(name, value)| {
                let name = String::from_utf8_lossy(&name).into_owned();
                if name == "data" && std::str::from_utf8(&value).is_err() {
                    malformed = Some("its data is not UTF-8".to_owned());
                }
                (name, String::from_utf8_lossy(&value).into_owned())
            })
            .collect();
        let text = |name: &str| fields.get(name).map(String::as_str);
        let number = |name: &str| text(name).and_then(|text| text.parse::<f64>().ok()).map(whole);
        let json = |name: &str| text(name).and_then(|text| serde_json::from_str(text).ok());

        if let Some(reason) = text("malformed") {
            malformed = Some(reason.to_owned());
        }
        let data = match text("data").map(serde_json::from_str) {
            None => Value::Object(serde_json::Map::new()),
            Some(Ok(data)) => data,
            Some(Err(error)) => {
                malformed.get_or_insert(format!("its data is not JSON: {error}"));
                Value::String(text("data").unwrap_or_default().to_owned())
            }
        };
        let opts = match text("opts").map(serde_json::from_str::<JobOptions>) {
            None => JobOptions::default(),
            Some(Ok(opts)) => opts,
            Some(Err(error)) => {
                malformed.get_or_insert(format!("its options cannot be read: {error}"));
                JobOptions::default()
            }
        };
        let timestamp = number("timestamp").unwrap_or(0);
        let run_id = text("runId").map_or_else(|| format!("{timestamp}-{id}"), str::to_owned);
        Self {
            name: text("name").unwrap_or(DEFAULT_JOB_NAME).to_owned(),
            timestamp,
            delay: number("delay").unwrap_or(0),
            priority: number("priority").unwrap_or(0),
            processed_on: number("processedOn"),
            finished_on: number("finishedOn"),
            retried_on: number("retriedOn"),
            attempts_made: count(number("attemptsMade")),
            failed_reason: text("failedReason").map(str::to_owned),
            stacktrace: json("stacktrace")
                .and_then(|stack| serde_json::from_value(stack).ok())
                .unwrap_or_default(),
            return_value: text("returnvalue").map(|text| {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }),
            progress: json("progress"),
            stalled_counter: count(number("stalledCounter")),
            id,
            data,
            opts,
            run_id,
            malformed,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn whole(number: f64) -> u64 {
    number.clamp(0.0, 9.007e15) as u64
}

fn count(number: Option<u64>) -> u32 {
    u32::try_from(number.unwrap_or(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(fields: &[(&str, &str)]) -> Job {
        let fields =
            fields.iter().map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into()));
        Job::from_hash(JobId::from("7"), fields.collect())
    }

    #[test]
    fn a_job_that_node_wrote_is_read() {
        let job = job(&[
            ("name", "__default__"),
            ("data", "{}"),
            ("opts", r#"{"attempts":10,"backoff":{"type":"exponential","delay":1000},"delay":0}"#),
            ("timestamp", "1763600000000"),
            ("delay", "0"),
            ("priority", "0"),
            ("attemptsMade", "2"),
            ("failedReason", "no \"quotes\" needed"),
            ("stacktrace", r#"["Error: one","Error: two"]"#),
            ("returnvalue", r#""done""#),
            ("progress", "42.5"),
        ]);
        assert_eq!(job.opts.attempts, 10);
        assert_eq!(job.attempts_made, 2);
        assert_eq!(job.failed_reason.as_deref(), Some("no \"quotes\" needed"));
        assert_eq!(job.stacktrace, ["Error: one", "Error: two"]);
        assert_eq!(job.return_value, Some(json!("done")));
        assert_eq!(job.progress, Some(json!(42.5)));
        assert_eq!(job.run_id, "1763600000000-7");
        assert_eq!(job.malformed, None);
    }

    #[test]
    fn the_run_id_of_a_successor_is_kept() {
        assert_eq!(job(&[("runId", "night-1"), ("timestamp", "5")]).run_id, "night-1");
    }

    #[test]
    fn what_cannot_be_read_is_said_and_shown() {
        let broken = job(&[("data", "{not json"), ("opts", "{}")]);
        assert!(broken.malformed.unwrap().starts_with("its data is not JSON"));
        assert_eq!(broken.data, json!("{not json"));
        let broken = job(&[("data", "{}"), ("opts", "[]]")]);
        assert!(broken.malformed.unwrap().starts_with("its options cannot be read"));
    }
}
