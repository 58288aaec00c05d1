//! `worker --check`: whether everything that the jobs need is there. Nothing is changed.

use pg_replicate::Check;

use crate::{Settings, jobs, redis_check};

/// Checks everything that the enabled jobs need; one line for each check.
pub async fn run(settings: &Settings) -> Vec<Check> {
    let mut checks = redis_check::run(settings).await;
    for job in jobs::enabled(settings) {
        checks.extend(job.check(settings).await);
    }
    checks.into_iter().map(without_secrets).collect()
}

/// Secrets echoed by a server are not shown here either.
fn without_secrets(check: Check) -> Check {
    let shown = |text: String| secrets::without(&text).into_owned();
    Check { outcome: check.outcome.map(shown).map_err(shown), ..check }
}
