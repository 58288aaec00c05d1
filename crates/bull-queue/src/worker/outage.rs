//! Outages of Redis, reported once at their beginning and once at their end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use redis::RedisError;

use crate::connection::is_passing;

/// The activities that currently fail, and whether because of the connection.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failing: Mutex<BTreeMap<&'static str, bool>>,
}

impl Outage {
    /// Records that `activity` failed. Returns whether this should be reported.
    pub(super) fn begins(&self, activity: &'static str, error: &RedisError) -> bool {
        let passing = is_passing(error);
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failing.values().any(|known| *known == passing);
        failing.insert(activity, passing);
        !known
    }

    /// Records that `activity` worked. Returns whether everything works again as a result.
    pub(super) fn ends(&self, activity: &'static str) -> bool {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.remove(activity).is_some() && failing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use redis::ErrorKind;

    use super::*;

    #[test]
    fn an_outage_is_told_once_and_its_end_once() {
        let outage = Outage::default();
        let broken = RedisError::from((ErrorKind::Io, "connection refused"));
        let refused = RedisError::from((ErrorKind::UnexpectedReturnType, "wrong type"));
        assert!(!outage.ends("fetch"));
        assert!(outage.begins("fetch", &broken));
        assert!(!outage.begins("fetch", &broken));
        assert!(!outage.begins("renew", &broken));
        assert!(outage.begins("fetch", &refused), "another kind of error is news");
        assert!(!outage.ends("fetch"));
        assert!(outage.ends("renew"));
        assert!(outage.begins("fetch", &broken));
    }
}
