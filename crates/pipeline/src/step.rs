//! Steps of the pipeline in order, and standalone jobs: the queue and the name of each.
//!
//! Queue names are parts of Redis keys that operators and a Node.js worker use, so they must not change.

use bull_queue::{Backoff, JobOptions, JobRequest, Keep};

use crate::RetryPolicy;

/// The task of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    /// The queue's exact name in Redis.
    pub queue: &'static str,
    /// Its name on the command line.
    pub slug: &'static str,
    /// Its name in a sentence: `the next snapshot`.
    pub label: &'static str,
    /// Its description, for `restart --help`.
    pub description: &'static str,
    /// Whether `MAX_RETRY_COUNT` applies; a notification has one attempt.
    is_retried: bool,
    /// How many of its finished jobs Redis keeps; `None` for all.
    kept_jobs: Option<u64>,
}

/// The pipeline: each step adds the next one when it succeeds.
const PIPELINE: [Step; 4] = [
    Step::FULL_REPLICATION,
    Step::INCREMENTAL_REPLICATION,
    Step::LEARNING_CONTENT,
    Step::NOTIFICATION,
];

/// Jobs outside the pipeline.
const STANDALONE_JOBS: [Step; 3] = [Step::SCHEMA_EXPORT, Step::SNAPSHOT, Step::MEDIA_SYNC];

impl Step {
    /// Backup, restore, enrichment.
    pub const FULL_REPLICATION: Self = Self {
        queue: "Replication queue",
        slug: "full-replication",
        label: "night",
        description: "Backup, restore, enrichment",
        is_retried: true,
        kept_jobs: None,
    };

    /// New rows of the incremental tables.
    pub const INCREMENTAL_REPLICATION: Self = Self {
        queue: "Incremental replication queue",
        slug: "incremental-replication",
        label: "night",
        description: "New rows of the incremental tables",
        is_retried: true,
        kept_jobs: None,
    };

    /// The content API's tables.
    pub const LEARNING_CONTENT: Self = Self {
        queue: "Learning Content replication queue",
        slug: "learning-content-replication",
        label: "night",
        description: "The content API's tables",
        is_retried: true,
        kept_jobs: None,
    };

    /// Webhooks to other systems.
    pub const NOTIFICATION: Self = Self {
        queue: "Notification queue",
        slug: "notification",
        label: "night",
        description: "Webhooks",
        is_retried: false,
        kept_jobs: None,
    };

    /// Export of the schema to another database.
    pub const SCHEMA_EXPORT: Self = Self {
        queue: "Schema export queue",
        slug: "export-schema",
        label: "schema export",
        description: "The schema of DATABASE_URL into DB_SCHEMA_EXPORTER_DATABASE_TARGET; not part of a run",
        is_retried: true,
        kept_jobs: None,
    };

    /// A backup that is stored if the data has changed.
    pub const SNAPSHOT: Self = Self {
        queue: "Snapshot queue",
        slug: "snapshot",
        label: "snapshot",
        description: "A snapshot of SOURCE_DATABASE_URL, if its data has changed; not part of a run",
        is_retried: true,
        // Taken every five minutes, they would otherwise fill Redis.
        kept_jobs: Some(1_000),
    };

    /// Copy of media from one object store to another.
    pub const MEDIA_SYNC: Self = Self {
        queue: "Media sync queue",
        slug: "media-sync",
        label: "media sync",
        description: "Media from MEDIA_SOURCE to MEDIA_TARGET; not part of a run",
        is_retried: true,
        kept_jobs: None,
    };

    /// The steps of a run, in order.
    pub fn pipeline() -> impl Iterator<Item = Self> {
        PIPELINE.into_iter()
    }

    /// Every step, those of the pipeline first.
    pub fn all() -> impl Iterator<Item = Self> {
        PIPELINE.into_iter().chain(STANDALONE_JOBS)
    }

    /// The step that follows when this one succeeds.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::pipeline().skip_while(|step| *step != self).nth(1)
    }

    /// The steps that ran before this one in a run.
    pub fn before(self) -> impl Iterator<Item = Self> {
        let is_in_pipeline = PIPELINE.contains(&self);
        Self::pipeline().take_while(move |step| is_in_pipeline && *step != self)
    }

    /// The step with this `name`: a queue's exact name, with or without " queue", or a slug, with or
    /// without "-replication", in any case.
    ///
    /// # Errors
    /// A sentence that lists the valid names.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let wanted = name.trim().to_lowercase();
        Self::all()
            .find(|step| {
                let queue = step.queue.to_lowercase();
                wanted == queue
                    || Some(wanted.as_str()) == queue.strip_suffix(" queue")
                    || wanted == step.slug
                    || Some(wanted.as_str()) == step.slug.strip_suffix("-replication")
            })
            .ok_or_else(|| format!("no queue is named \"{name}\"; there are {}", Self::names()))
    }

    /// Every queue with its slug, for a sentence.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<_> =
            Self::all().map(|step| format!("\"{}\" ({})", step.queue, step.slug)).collect();
        names.join(", ")
    }

    /// A job of this step, as the Node.js program adds it: no data, name `__default__`.
    #[must_use]
    pub fn job(self, retry: RetryPolicy) -> JobRequest {
        let keep = self.kept_jobs.map(Keep::newest);
        let kept =
            JobOptions { remove_on_complete: keep, remove_on_fail: keep, ..JobOptions::default() };
        let options = if self.is_retried {
            JobOptions {
                attempts: retry.max_retry_count,
                backoff: Some(Backoff::exponential(retry.exponential_retry_delay)),
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
    fn the_pipeline_has_the_order_of_the_program_it_replaces() {
        let queues: Vec<_> = Step::pipeline().map(|step| step.queue).collect();
        assert_eq!(
            queues,
            [
                "Replication queue",
                "Incremental replication queue",
                "Learning Content replication queue",
                "Notification queue"
            ]
        );
        assert_eq!(Step::FULL_REPLICATION.next(), Some(Step::INCREMENTAL_REPLICATION));
        assert_eq!(Step::INCREMENTAL_REPLICATION.next(), Some(Step::LEARNING_CONTENT));
        assert_eq!(Step::LEARNING_CONTENT.next(), Some(Step::NOTIFICATION));
        assert_eq!(Step::NOTIFICATION.next(), None);
        assert_eq!(Step::LEARNING_CONTENT.before().count(), 2);
        assert_eq!((Step::SCHEMA_EXPORT.next(), Step::SCHEMA_EXPORT.before().count()), (None, 0));
        assert_eq!((Step::MEDIA_SYNC.next(), Step::MEDIA_SYNC.before().count()), (None, 0));
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
            assert_eq!(Step::from_name(name), Ok(Step::LEARNING_CONTENT), "{name}");
        }
        let error = Step::from_name("replica").unwrap_err();
        assert!(error.contains("\"Notification queue\" (notification)"), "{error}");
    }

    #[test]
    fn a_notification_is_tried_once() {
        let retry = RetryPolicy { max_retry_count: 10, exponential_retry_delay: 1000 };
        assert_eq!(Step::NOTIFICATION.job(retry).options.attempts, 1);
        assert_eq!(Step::FULL_REPLICATION.job(retry).options.attempts, 10);
    }

    #[test]
    fn of_snapshots_that_come_every_few_minutes_not_all_jobs_stay() {
        let retry = RetryPolicy { max_retry_count: 10, exponential_retry_delay: 1000 };
        let kept = |step: Step| {
            let options = step.job(retry).options;
            (options.remove_on_complete, options.remove_on_fail)
        };
        assert_eq!(kept(Step::SNAPSHOT), (Some(Keep::newest(1_000)), Some(Keep::newest(1_000))));
        assert_eq!(kept(Step::FULL_REPLICATION), (None, None));
    }
}
