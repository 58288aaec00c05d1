//! Backoff: the delay between two attempts of a job.

use serde::{Deserialize, Deserializer, Serialize};

use super::lenient;

/// An unknown backoff type; Node.js programs can define their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown backoff type {0:?}: expected exponential or fixed")]
pub struct UnknownBackoff(pub String);

/// The delay between two attempts, computed as in Bull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backoff {
    /// `exponential` or `fixed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Milliseconds.
    pub delay: u64,
}

impl Backoff {
    /// Waits 1×, 3×, 7×, 15× … `delay` milliseconds.
    #[must_use]
    pub fn exponential(delay: u64) -> Self {
        Self { kind: "exponential".into(), delay }
    }

    /// Waits `delay` milliseconds each time.
    #[must_use]
    pub fn fixed(delay: u64) -> Self {
        Self { kind: "fixed".into(), delay }
    }

    /// Milliseconds to wait after `attempts_made` failed attempts.
    ///
    /// # Errors
    /// If the type is neither `exponential` nor `fixed`.
    pub fn after(&self, attempts_made: u32) -> Result<u64, UnknownBackoff> {
        match self.kind.as_str() {
            "fixed" => Ok(self.delay),
            "exponential" => {
                let factor = 1_u64.checked_shl(attempts_made).unwrap_or(u64::MAX) - 1;
                Ok(factor.saturating_mul(self.delay))
            }
            other => Err(UnknownBackoff(other.to_owned())),
        }
    }
}

// Bull interprets a bare number as a fixed backoff.
impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Full {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default, deserialize_with = "lenient::number")]
            delay: u64,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Full(Full),
            Bare(#[serde(deserialize_with = "lenient::number")] u64),
        }
        Ok(match Written::deserialize(from)? {
            Written::Full(full) => Self { kind: full.kind, delay: full.delay },
            Written::Bare(delay) => Self::fixed(delay),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exponential_is_one_three_seven_fifteen() {
        let backoff = Backoff::exponential(1000);
        let waits: Vec<u64> = (1..=4).map(|made| backoff.after(made).unwrap()).collect();
        assert_eq!(waits, [1000, 3000, 7000, 15000]);
        assert_eq!(Backoff::fixed(250).after(9), Ok(250));
        assert_eq!(Backoff::exponential(1).after(500), Ok(u64::MAX - 1));
    }

    #[test]
    fn an_unknown_type_is_named() {
        let backoff = Backoff { kind: "jitter".into(), delay: 1 };
        assert_eq!(backoff.after(1), Err(UnknownBackoff("jitter".into())));
    }

    proptest! {
        #[test]
        fn exponential_is_bulls_formula(made in 1_u32..20, delay in 0_u64..100_000) {
            let bulls = ((2_f64.powi(made.cast_signed()) - 1.0) * delay as f64).round();
            prop_assert_eq!(Backoff::exponential(delay).after(made).unwrap() as f64, bulls);
        }
    }
}
