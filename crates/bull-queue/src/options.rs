//! A job's options, as stored in Bull's `opts`.

mod backoff;
mod keep;
mod lenient;
mod repeat;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use backoff::{Backoff, UnknownBackoff};
pub use keep::Keep;
pub(crate) use keep::Limits;
pub use repeat::RepeatOptions;

use crate::job::JobId;

/// Options of a job. Times are in milliseconds.
///
/// Numbers are parsed as in JavaScript (`"3"` and `3.0` are 3), because Node.js programs write them too.
/// Options of Bull that have no effect here are preserved in [`JobOptions::other`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobOptions {
    /// Repeats the job; set through [`Queue::upsert_repeatable`](crate::Queue::upsert_repeatable).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<RepeatOptions>,
    /// An id chosen by the caller: a second job with the same id is not added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The number of attempts; 1 means no retry.
    #[serde(deserialize_with = "lenient::attempts")]
    pub attempts: u32,
    /// The delay between two attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// The delay before the first attempt.
    #[serde(deserialize_with = "lenient::number")]
    pub delay: u64,
    /// When the job was created; filled in when it is added.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub timestamp: Option<u64>,
    /// The due time of this occurrence of a repeatable job.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub prev_millis: Option<u64>,
    /// 0 means no priority; otherwise lower numbers run first, after all jobs without a priority.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "lenient::number")]
    pub priority: u64,
    /// Runs the job before the waiting ones.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "lenient::flag")]
    pub lifo: bool,
    /// Cancels the job after this long.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub timeout: Option<u64>,
    /// Which completed jobs are kept when this one completes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_complete: Option<Keep>,
    /// Which failed jobs are kept when this one fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_fail: Option<Keep>,
    /// The number of latest stack traces to keep.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub stack_trace_limit: Option<u64>,
    /// Unknown options.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            repeat: None,
            job_id: None,
            attempts: 1,
            backoff: None,
            delay: 0,
            timestamp: None,
            prev_millis: None,
            priority: 0,
            lifo: false,
            timeout: None,
            remove_on_complete: None,
            remove_on_fail: None,
            stack_trace_limit: None,
            other: Map::new(),
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> JobOptions {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn options_are_written_as_bull_writes_them() {
        let options = JobOptions {
            attempts: 10,
            backoff: Some(Backoff::exponential(1000)),
            timestamp: Some(1_763_600_000_000),
            ..JobOptions::default()
        };
        assert_eq!(
            serde_json::to_value(&options).unwrap(),
            json!({
                "attempts": 10,
                "backoff": { "type": "exponential", "delay": 1000 },
                "delay": 0,
                "timestamp": 1_763_600_000_000_u64
            })
        );
    }

    #[test]
    fn what_node_programs_write_is_read() {
        let options = read(json!({
            "attempts": "3", "delay": 5000.0, "backoff": 250, "removeOnComplete": true,
            "removeOnFail": { "age": 60, "count": 5 }, "jobId": 17, "priority": null,
            "debounce": { "id": "x" }
        }));
        assert_eq!(options.attempts, 3);
        assert_eq!(options.delay, 5000);
        assert_eq!(options.backoff, Some(Backoff::fixed(250)));
        assert_eq!(options.remove_on_complete, Some(Keep::NONE));
        assert_eq!(options.remove_on_fail, Some(Keep { count: Some(5), age: Some(60) }));
        assert_eq!(options.job_id, Some(JobId::from("17")));
        assert_eq!(options.priority, 0);
        assert_eq!(options.other["debounce"], json!({ "id": "x" }));
    }

    #[test]
    fn options_of_another_shape_are_an_error() {
        for wrong in [json!({ "attempts": [] }), json!({ "delay": "soon" }), json!([1])] {
            assert!(serde_json::from_value::<JobOptions>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
