//! What the checks of servers have in common.

use std::fmt::Display;
use std::time::Duration;

use pg_replicate::Check;

/// Time limit for each server.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// What `answer` says of `subject`, or that `server` did not answer in time.
pub(crate) async fn check_within_limit(
    subject: &str,
    server: impl Display,
    answer: impl Future<Output = Result<String, String>>,
) -> Check {
    let outcome = match tokio::time::timeout(LIMIT, answer).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("{server} did not answer within {} s", LIMIT.as_secs())),
    };
    Check::of(subject, outcome)
}

/// Names the servers by their variables, which the engines do not know.
pub(crate) fn with_variables(checks: Vec<Check>, target: &str) -> Vec<Check> {
    let named = checks.into_iter().map(|check| {
        let subject = match check.subject.as_str() {
            "source" => "SOURCE_DATABASE_URL".into(),
            "target" => target.into(),
            _ => check.subject,
        };
        Check { subject, ..check }
    });
    named.collect()
}
