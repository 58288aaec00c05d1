//! Parsing of numbers and flags as in JavaScript.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A whole number; a negative one becomes 0.
fn whole(value: &Value) -> Result<Option<u64>, String> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Array(_) | Value::Object(_) => None,
    };
    match number {
        // Beyond 2^53, a number of milliseconds has no meaning.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        Some(number) if number.is_finite() => Ok(Some(number.clamp(0.0, 9.007e15) as u64)),
        _ => Err(format!("found {value}, expected a number")),
    }
}

pub(super) fn optional_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    whole(&Value::deserialize(from)?).map_err(D::Error::custom)
}

pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(optional_number(from)?.unwrap_or(0))
}

pub(super) fn attempts<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let attempts = optional_number(from)?.unwrap_or(1);
    Ok(u32::try_from(attempts).unwrap_or(u32::MAX))
}

pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(flag),
        other => Ok(whole(&other).map_err(D::Error::custom)? != Some(0)),
    }
}
