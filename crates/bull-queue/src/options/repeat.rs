//! Repetition of a job: `opts.repeat`.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Map, Value};

use super::lenient;

/// Repetition of a job, as stored in `opts.repeat`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RepeatOptions {
    /// The number of this occurrence, from 1; filled in.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub count: Option<u64>,
    /// The member of the `repeat` set; filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Five fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The time zone of `cron`, such as Europe/Paris; that of the process if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
    /// Milliseconds between two occurrences, instead of `cron`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub every: Option<u64>,
    /// Part of the key, to distinguish repeatable jobs with the same schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The last time it may run, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "instant")]
    pub end_date: Option<u64>,
    /// The first time it may run, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "instant")]
    pub start_date: Option<u64>,
    /// The total number of occurrences.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient::optional_number"
    )]
    pub limit: Option<u64>,
    /// Unknown options.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl RepeatOptions {
    /// Repeats at `cron` (five fields) in the time zone `tz`.
    #[must_use]
    pub fn cron(cron: impl Into<String>, tz: impl Into<String>) -> Self {
        Self { cron: Some(cron.into()), tz: Some(tz.into()), ..Self::default() }
    }

    /// Repeats every `milliseconds`, at multiples of it since the epoch.
    #[must_use]
    pub fn every(milliseconds: u64) -> Self {
        Self { every: Some(milliseconds), ..Self::default() }
    }
}

/// Milliseconds, or JavaScript's text form of a date.
fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => {
            let date = chrono::DateTime::parse_from_rfc3339(&text)
                .map_err(|_| D::Error::custom(format!("found {text:?}, expected a date")))?;
            Ok(Some(u64::try_from(date.timestamp_millis()).unwrap_or(0)))
        }
        other => lenient::optional_number(other).map_err(D::Error::custom),
    }
}
