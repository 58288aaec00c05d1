//! Selection of one of the listed backups.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{Backup, BackupQuery};

/// A backup as Scalingo lists it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) created_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) size: Option<u64>,
    pub(super) status: String,
}

impl Listed {
    pub(super) fn is_done(&self) -> bool {
        self.status == "done"
    }

    pub(super) fn is_being_made(&self) -> bool {
        matches!(self.status.as_str(), "scheduled" | "pending" | "running")
    }
}

/// The result of the selection.
#[derive(Debug)]
pub(super) enum Choice {
    /// The newest acceptable backup that is done.
    Done(Backup),
    /// None yet, but one is in progress.
    Running(Listed),
    /// None, with the reason.
    None(String),
}

/// The newest backup that is done and recent enough; otherwise one in progress; otherwise the reason why
/// there is none.
pub(super) fn choose(listed: &[Listed], query: &BackupQuery) -> Choice {
    let newest = |fits: &dyn Fn(&Listed) -> bool| {
        listed.iter().filter(|one| fits(one)).max_by_key(|one| one.created_at)
    };
    if let Some(done) = newest(&|one| one.is_done() && query.accepts(one.created_at)) {
        return Choice::Done(done.clone().into());
    }
    if let Some(running) = newest(&|one| one.is_being_made() && query.accepts(one.created_at)) {
        return Choice::Running(running.clone());
    }
    let advice = "wait for it, set BACKUP_CREATE=true to start one, or allow an older one by \
                  BACKUP_MAX_AGE";
    let failed =
        newest(&|one| !one.is_done() && !one.is_being_made() && query.accepts(one.created_at));
    let failed = failed.map(|one| format!("backup {} has status {}; ", one.id, one.status));
    let failed = failed.unwrap_or_default();
    let found = match newest(&|one| one.is_done()) {
        Some(done) => {
            let done: Backup = done.clone().into();
            format!("the newest one that is done is {}", done.describe(query.now))
        }
        None => "no backup is done".into(),
    };
    Choice::None(format!("none from {}: {failed}{found}; {advice}", query.max_age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MaxAge;

    fn listed(id: &str, created_at: &str, status: &str) -> Listed {
        let created_at = created_at.parse().unwrap();
        Listed { id: id.into(), created_at, size: None, status: status.into() }
    }

    fn today() -> BackupQuery {
        let now = "2026-11-21T04:10:00Z".parse().unwrap();
        BackupQuery { max_age: MaxAge::Today, create: false, now }
    }

    #[test]
    fn the_newest_done_one_of_today_is_used_whatever_the_order() {
        let all = [
            listed("b", "2026-11-21T01:00:00Z", "done"),
            listed("a", "2026-11-20T01:00:00Z", "done"),
            listed("c", "2026-11-21T02:00:00Z", "done"),
            listed("d", "2026-11-21T03:00:00Z", "error"),
            listed("e", "2026-11-21T04:00:00Z", "running"),
        ];
        assert!(matches!(choose(&all, &today()), Choice::Done(backup) if backup.id == "c"));
        let running = [all[1].clone(), all[3].clone(), all[4].clone()];
        assert!(matches!(choose(&running, &today()), Choice::Running(one) if one.id == "e"));
    }

    #[test]
    fn when_there_is_none_it_is_said_why() {
        let reason = |all: &[Listed]| match choose(all, &today()) {
            Choice::None(reason) => reason,
            other => panic!("{other:?}"),
        };
        let all = [
            listed("a", "2026-11-20T01:00:00Z", "done"),
            listed("d", "2026-11-21T03:00:00Z", "error"),
        ];
        assert_eq!(
            reason(&all),
            "none from today (since midnight in Europe/Paris): backup d has status error; the \
             newest one that is done is backup a of 2026-11-20T01:00:00Z, 27 h old; wait for it, set \
             BACKUP_CREATE=true to start one, or allow an older one by BACKUP_MAX_AGE"
        );
        assert!(reason(&[]).contains("no backup is done"));
    }
}
