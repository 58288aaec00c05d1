//! Meaning of log messages of `pg_restore --verbose`, of the Node.js program and of this program.

use bull_queue::INTERRUPTED_REASON;

/// An event of a run that starts or ends a measured duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    ImportStart,
    BackupStart,
    BackupEnd,
    RestoreStart,
    RestoreEnd,
    EnrichmentStart,
    EnrichmentEnd,
}

impl Mark {
    /// How many there are.
    pub(super) const COUNT: usize = 7;

    /// Whether it starts something: a second occurrence belongs to another attempt.
    pub(super) fn is_start(self) -> bool {
        matches!(
            self,
            Self::ImportStart | Self::BackupStart | Self::RestoreStart | Self::EnrichmentStart
        )
    }
}

/// Information about a run in a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    Mark(Mark),
    /// pg_restore begins.
    Connecting,
    Launching {
        item: u64,
        title: &'a str,
    },
    Finished {
        item: u64,
        title: &'a str,
    },
    Starting {
        queue: &'a str,
    },
    Completed {
        queue: &'a str,
    },
    Failed {
        queue: &'a str,
        reason: &'a str,
    },
    Interrupted {
        queue: &'a str,
    },
    /// The next worker reports that it was interrupted.
    FoundInterrupted {
        queue: &'a str,
    },
}

impl Event<'_> {
    /// The information in `message`, if any.
    pub(super) fn of(message: &str) -> Option<Event<'_>> {
        let mark = match message {
            "Start import and enrichment" => Some(Mark::ImportStart),
            "Start create Backup" | "Start fetch Backup" => Some(Mark::BackupStart),
            "End create Backup" | "End fetch Backup" => Some(Mark::BackupEnd),
            "Start restore" => Some(Mark::RestoreStart),
            "Restore done" => Some(Mark::RestoreEnd),
            "enrichment.add - Started" => Some(Mark::EnrichmentStart),
            "enrichment.add - Ended" => Some(Mark::EnrichmentEnd),
            _ => None,
        };
        if let Some(mark) = mark {
            return Some(Event::Mark(mark));
        }
        if message.ends_with("connecting to database for restore") {
            return Some(Event::Connecting);
        }
        if let Some((item, title)) = item(message, "launching item ") {
            return Some(Event::Launching { item, title });
        }
        if let Some((item, title)) = item(message, "finished item ") {
            return Some(Event::Finished { item, title });
        }
        job(message)
    }

    /// Whether it proves that a run exists.
    pub(super) fn is_of_a_run(&self) -> bool {
        matches!(
            self,
            Self::Starting { .. } | Self::Mark(_) | Self::Launching { .. } | Self::Finished { .. }
        )
    }

    /// Whether it is always the first line of a run.
    pub(super) fn is_start(&self) -> bool {
        match self {
            Self::Mark(mark) => mark.is_start(),
            Self::Starting { .. } | Self::Launching { .. } => true,
            _ => false,
        }
    }

    /// The queue of the job concerned.
    pub(super) fn queue(&self) -> Option<&str> {
        match self {
            Self::Starting { queue }
            | Self::Completed { queue }
            | Self::Failed { queue, .. }
            | Self::Interrupted { queue }
            | Self::FoundInterrupted { queue } => Some(queue),
            Self::Mark(_) | Self::Connecting | Self::Launching { .. } | Self::Finished { .. } => {
                None
            }
        }
    }
}

/// `pg_restore: launching item 46 CONSTRAINT answers answers_pkey`
fn item<'a>(message: &'a str, verb: &str) -> Option<(u64, &'a str)> {
    let (before, rest) = message.split_once(verb)?;
    // A message that only quotes such a line does not count.
    if !before.is_empty() && !before.ends_with(": ") {
        return None;
    }
    let (item, title) = rest.split_once(' ')?;
    Some((item.parse().ok()?, title.trim()))
}

/// `Failed job in Replication queue: 2 the reason (Number of attempts: 1/10)`
fn job(message: &str) -> Option<Event<'_>> {
    let (verb, rest) = message.split_once(" job in ")?;
    let (queue, rest) = rest.split_once(": ")?;
    match verb {
        "Starting" => Some(Event::Starting { queue }),
        "Completed" => Some(Event::Completed { queue }),
        "Failed" if rest.contains(INTERRUPTED_REASON) => Some(Event::FoundInterrupted { queue }),
        "Failed" => {
            let reason = rest.split_once(' ').map_or(rest, |(_, reason)| reason);
            Some(Event::Failed { queue, reason })
        }
        "Interrupted" => Some(Event::Interrupted { queue }),
        "Lost" => Some(Event::Failed { queue, reason: "its lock went to another worker" }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_to_the_letter() {
        let queue = "Replication queue";
        let title = "CONSTRAINT answers answers_pkey";
        for (message, wanted) in [
            ("Start restore", Some(Event::Mark(Mark::RestoreStart))),
            ("Start restore Backup", None),
            ("Start fetch Backup", Some(Event::Mark(Mark::BackupStart))),
            ("pg_restore: connecting to database for restore", Some(Event::Connecting)),
            (
                "pg_restore: launching item 46 CONSTRAINT answers answers_pkey",
                Some(Event::Launching { item: 46, title }),
            ),
            (
                "finished item 46 CONSTRAINT answers answers_pkey",
                Some(Event::Finished { item: 46, title }),
            ),
            ("pg_restore: launching item x CONSTRAINT", None),
            ("it said launching item 46 CONSTRAINT a", None),
            ("Starting job in Replication queue: 2", Some(Event::Starting { queue })),
            ("Starting a job", None),
            ("Completed job in Replication queue: 2", Some(Event::Completed { queue })),
            (
                "Failed job in Replication queue: 2 Error: no disk (Number of attempts: 1/10)",
                Some(Event::Failed { queue, reason: "Error: no disk (Number of attempts: 1/10)" }),
            ),
            (
                "Failed job in Replication queue: 2 Move interrupted job in failed queue (Number of attempts: 1/10)",
                Some(Event::FoundInterrupted { queue }),
            ),
            ("Interrupted job in Replication queue: 2", Some(Event::Interrupted { queue })),
        ] {
            assert_eq!(Event::of(message), wanted, "{message}");
        }
    }
}
