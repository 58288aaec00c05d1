//! Retention of finished jobs: `removeOnComplete`, `removeOnFail`.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

/// Which finished jobs are kept. Bull writes it as true (none), false or -1 (all), a count, or `{count,
/// age}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// Their number; no limit if absent.
    pub count: Option<u64>,
    /// Their age in seconds; no limit if absent.
    pub age: Option<u64>,
}

impl Keep {
    /// Every finished job.
    pub const ALL: Self = Self { count: None, age: None };
    /// No finished job, not even this one.
    pub const NONE: Self = Self { count: Some(0), age: None };

    /// The newest `count` jobs.
    #[must_use]
    pub fn newest(count: u64) -> Self {
        Self { count: Some(count), age: None }
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (self.count, self.age) {
            (None, None) => to.serialize_bool(false),
            (Some(0), None) => to.serialize_bool(true),
            (Some(count), None) => to.serialize_u64(count),
            (count, Some(age)) => {
                let mut map = to.serialize_map(None)?;
                map.serialize_entry("age", &age)?;
                if let Some(count) = count {
                    map.serialize_entry("count", &count)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match &value {
            Value::Null | Value::Bool(false) => Ok(Self::ALL),
            Value::Bool(true) => Ok(Self::NONE),
            Value::Number(_) => Ok(Self { count: limit(&value), age: None }),
            Value::Object(limits) => Ok(Self {
                count: limits.get("count").and_then(limit),
                age: limits.get("age").and_then(limit),
            }),
            Value::String(_) | Value::Array(_) => {
                Err(D::Error::custom(format!("found {value}, expected true, a count, or limits")))
            }
        }
    }
}

/// A limit; negative means unlimited.
fn limit(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| *number >= 0.0)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        Some(number as u64)
    })
}

/// The retention in the form that the scripts expect: every job if the options do not specify it.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
}

impl From<Option<Keep>> for Limits {
    fn from(keep: Option<Keep>) -> Self {
        let keep = keep.unwrap_or(Keep::ALL);
        Self { count: keep.count, age: keep.age }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_of_writing_it_is_read_and_written_back() {
        for (written, keep, again) in [
            (json!(true), Keep::NONE, json!(true)),
            (json!(0), Keep::NONE, json!(true)),
            (json!(false), Keep::ALL, json!(false)),
            (json!(-1), Keep::ALL, json!(false)),
            (json!(100), Keep::newest(100), json!(100)),
            (json!({ "age": 60 }), Keep { count: None, age: Some(60) }, json!({ "age": 60 })),
            (
                json!({ "count": 5, "age": 60 }),
                Keep { count: Some(5), age: Some(60) },
                json!({ "age": 60, "count": 5 }),
            ),
        ] {
            let read: Keep = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(read, keep, "{written}");
            assert_eq!(serde_json::to_value(read).unwrap(), again, "{written}");
        }
    }
}
