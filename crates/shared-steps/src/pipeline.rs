//! Which step follows which, and on which queue each stands. Beside the night stand jobs that follow
//! none and are followed by none.
//!
//! Queue names are parts of Redis keys that operators and a Node.js worker use: they are kept to
//! the letter.

use bull_queue::{Backoff, JobOptions, JobRequest, Keep};

/// What a job of the night does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Backup, restore, enrichment.
    FullReplication,
    /// New rows of the incremental tables.
    IncrementalReplication,
    /// The content API's tables.
    LearningContent,
    /// Webhooks to other systems.
    Notification,
    /// The schema into another database: no part of the night.
    SchemaExport,
    /// A backup that is kept when the data has changed: no part of the night.
    Snapshot,
    /// Media from one object store into another: no part of the night.
    MediaSync,
}

/// How a step stands in the night.
#[derive(Debug, Clone, Copy)]
struct Stage {
    step: Step,
    /// The queue's exact name in Redis.
    queue: &'static str,
    /// The name on a command line.
    slug: &'static str,
    /// Whether `MAX_RETRY_COUNT` counts here; a notification is tried once.
    retried: bool,
    /// How many of its ended jobs stay in Redis; all of them without a number.
    kept: Option<u64>,
}

/// The night, in order: each step adds the one below it when it succeeds.
const PIPELINE: [Stage; 4] = [
    Stage {
        step: Step::FullReplication,
        queue: "Replication queue",
        slug: "full-replication",
        retried: true,
        kept: None,
    },
    Stage {
        step: Step::IncrementalReplication,
        queue: "Incremental replication queue",
        slug: "incremental-replication",
        retried: true,
        kept: None,
    },
    Stage {
        step: Step::LearningContent,
        queue: "Learning Content replication queue",
        slug: "learning-content-replication",
        retried: true,
        kept: None,
    },
    Stage {
        step: Step::Notification,
        queue: "Notification queue",
        slug: "notification",
        retried: false,
        kept: None,
    },
];

/// What runs by itself, each on a queue of its own.
const BESIDE: [Stage; 3] = [
    Stage {
        step: Step::SchemaExport,
        queue: "Schema export queue",
        slug: "export-schema",
        retried: true,
        kept: None,
    },
    Stage {
        step: Step::Snapshot,
        queue: "Snapshot queue",
        slug: "snapshot",
        retried: true,
        // Every five minutes, all of them would fill Redis.
        kept: Some(1_000),
    },
    Stage {
        step: Step::MediaSync,
        queue: "Media sync queue",
        slug: "media-sync",
        retried: true,
        kept: None,
    },
];

fn stages() -> impl Iterator<Item = &'static Stage> {
    PIPELINE.iter().chain(&BESIDE)
}

/// How often a job is tried, and how long is waited between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts of a job, `MAX_RETRY_COUNT`.
    pub attempts: u32,
    /// The first wait of Bull's exponential backoff, `EXPONENTIAL_RETRY_DELAY`, in milliseconds.
    pub delay_ms: u64,
}

impl Step {
    /// The steps of the night, in their order.
    pub fn night() -> impl Iterator<Item = Self> {
        PIPELINE.iter().map(|stage| stage.step)
    }

    /// The steps whose jobs can be added by a schedule: the first of the night, and those beside it.
    pub fn scheduled() -> impl Iterator<Item = Self> {
        PIPELINE.iter().take(1).chain(&BESIDE).map(|stage| stage.step)
    }

    /// What a job of it is called in a sentence: `the next night`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::SchemaExport => "schema export",
            Self::Snapshot => "snapshot",
            Self::MediaSync => "media sync",
            _ => "night",
        }
    }

    /// Every step, those of the night first.
    pub fn all() -> impl Iterator<Item = Self> {
        stages().map(|stage| stage.step)
    }

    fn stage(self) -> &'static Stage {
        let found = stages().find(|stage| stage.step == self);
        found.expect("every step has its stage: a test counts them")
    }

    /// The queue its jobs stand on.
    #[must_use]
    pub fn queue(self) -> &'static str {
        self.stage().queue
    }

    /// Its name on a command line.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.stage().slug
    }

    /// The step that follows when this one succeeds.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::night().skip_while(|step| *step != self).nth(1)
    }

    /// The steps that ran before this one in a night.
    pub fn before(self) -> impl Iterator<Item = Self> {
        let is_of_night = Self::night().any(|step| step == self);
        Self::night().take_while(move |step| is_of_night && *step != self)
    }

    /// The step that `name` means: a queue's exact name, with or without " queue", or a slug, with
    /// or without "-replication", in any case.
    ///
    /// # Errors
    /// A sentence that lists the names there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let wanted = name.trim().to_lowercase();
        stages()
            .find(|stage| {
                let queue = stage.queue.to_lowercase();
                wanted == queue
                    || Some(wanted.as_str()) == queue.strip_suffix(" queue")
                    || wanted == stage.slug
                    || Some(wanted.as_str()) == stage.slug.strip_suffix("-replication")
            })
            .map(|stage| stage.step)
            .ok_or_else(|| {
                let names: Vec<_> =
                    stages().map(|stage| format!("\"{}\" ({})", stage.queue, stage.slug)).collect();
                format!("no queue is named \"{name}\"; there are {}", names.join(", "))
            })
    }

    /// A job of this step, as the Node.js program adds it: no data, name `__default__`.
    #[must_use]
    pub fn job(self, retry: RetryPolicy) -> JobRequest {
        let stage = self.stage();
        let keep = stage.kept.map(Keep::newest);
        let kept =
            JobOptions { remove_on_complete: keep, remove_on_fail: keep, ..JobOptions::default() };
        let options = if stage.retried {
            JobOptions {
                attempts: retry.attempts,
                backoff: Some(Backoff::exponential(retry.delay_ms)),
                ..kept
            }
        } else {
            JobOptions { attempts: 1, ..kept }
        };
        JobRequest::new(serde_json::json!({}), options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_has_the_order_of_the_program_it_replaces() {
        let queues: Vec<_> = Step::night().map(Step::queue).collect();
        assert_eq!(
            queues,
            [
                "Replication queue",
                "Incremental replication queue",
                "Learning Content replication queue",
                "Notification queue"
            ]
        );
        assert_eq!(Step::FullReplication.next(), Some(Step::IncrementalReplication));
        assert_eq!(Step::IncrementalReplication.next(), Some(Step::LearningContent));
        assert_eq!(Step::LearningContent.next(), Some(Step::Notification));
        assert_eq!(Step::Notification.next(), None);
        assert_eq!(Step::LearningContent.before().count(), 2);
        assert_eq!((Step::SchemaExport.next(), Step::SchemaExport.before().count()), (None, 0));
        assert_eq!((Step::MediaSync.next(), Step::MediaSync.before().count()), (None, 0));
        assert_eq!(Step::all().count(), 7);
    }

    #[test]
    fn a_queue_is_found_by_any_of_its_names() {
        for name in [
            "Learning Content replication queue",
            "learning content replication",
            "learning-content-replication",
            "learning-content",
        ] {
            assert_eq!(Step::from_name(name), Ok(Step::LearningContent), "{name}");
        }
        let error = Step::from_name("replica").unwrap_err();
        assert!(error.contains("\"Notification queue\" (notification)"), "{error}");
    }

    #[test]
    fn a_notification_is_tried_once() {
        let retry = RetryPolicy { attempts: 10, delay_ms: 1000 };
        assert_eq!(Step::Notification.job(retry).options.attempts, 1);
        assert_eq!(Step::FullReplication.job(retry).options.attempts, 10);
    }

    #[test]
    fn of_snapshots_that_come_every_few_minutes_not_all_jobs_stay() {
        let retry = RetryPolicy { attempts: 10, delay_ms: 1000 };
        let kept = |step: Step| {
            let options = step.job(retry).options;
            (options.remove_on_complete, options.remove_on_fail)
        };
        assert_eq!(kept(Step::Snapshot), (Some(Keep::newest(1_000)), Some(Keep::newest(1_000))));
        assert_eq!(kept(Step::FullReplication), (None, None));
    }
}
