//! The names of Bull's keys in Redis: `bull:<queue>:<part>`.

/// Bull's default key prefix; the Node.js program never changed it.
const PREFIX: &str = "bull";

/// Parts of a queue that are not jobs: an id must not be one of them.
const RESERVED: &[&str] = &[
    "",
    "active",
    "completed",
    "delayed",
    "failed",
    "id",
    "limiter",
    "meta",
    "meta-paused",
    "paused",
    "priority",
    "repeat",
    "stalled",
    "stalled-check",
    "wait",
];

/// The keys of one queue.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    base: String,
}

impl Keys {
    pub(crate) fn new(queue: &str) -> Self {
        Self { base: format!("{PREFIX}:{queue}:") }
    }

    /// `bull:<queue>:`, the prefix of all other keys.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A list, set or flag of the queue, such as `wait`.
    pub(crate) fn part(&self, part: &str) -> String {
        format!("{}{part}", self.base)
    }

    /// The hash of a job.
    pub(crate) fn job(&self, id: &str) -> String {
        self.part(id)
    }

    /// The log lines of a job.
    pub(crate) fn logs(&self, id: &str) -> String {
        format!("{}{id}:logs", self.base)
    }
}

/// A Redis pattern that matches only `text`.
pub(crate) fn as_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Whether `id` would share a key with the queue itself.
pub(crate) fn is_reserved(id: &str) -> bool {
    RESERVED.contains(&id)
        || id.ends_with(":lock")
        || id.ends_with(":logs")
        || id.ends_with(":not-a-job")
        || ["limiter:", "metrics:", "de:", "receipt:", "receipts:"]
            .iter()
            .any(|prefix| id.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_carry_the_exact_queue_name() {
        let keys = Keys::new("Learning Content replication queue");
        assert_eq!(keys.part("wait"), "bull:Learning Content replication queue:wait");
        assert_eq!(keys.logs("7"), "bull:Learning Content replication queue:7:logs");
        assert_eq!(keys.job("7"), "bull:Learning Content replication queue:7");
    }

    #[test]
    fn a_queue_name_is_no_pattern() {
        assert_eq!(as_pattern("bull:a*[b]?:waiting@"), "bull:a\\*\\[b\\]\\?:waiting@");
    }

    #[test]
    fn ids_that_would_overwrite_a_list_are_reserved() {
        assert!(is_reserved("failed"));
        assert!(is_reserved("7:lock"));
        assert!(!is_reserved("repeat:0123:1700000000000"));
        assert!(!is_reserved("night-2026-11-20"));
    }
}
