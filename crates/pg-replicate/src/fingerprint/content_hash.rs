//! Hash of a table's content.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A sum of hashes modulo 2^64; shown as sixteen hexadecimal digits, also in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub u64);

impl fmt::Display for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hash = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        u64::from_str_radix(&text, 16).ok().filter(|_| is_hash).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "must be a hash of 16 hexadecimal digits; found {text}"
            ))
        })
    }
}
