//! What `worker --check` looks at: everything a night needs, without changing anything.

use std::time::Duration;

use backup_sources::Fetcher;
use bull_queue::Queue;
use chrono::Utc;
use pg_replicate::{CancellationToken, Check};

use crate::config::BackupMethod;
use crate::steps::{full_copy, incremental};
use crate::{Settings, Step, learning_content, snapshot_age};

/// How long any one server may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Whether everything that a night needs is there; one line for each thing looked at.
pub async fn run(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![redis(settings).await];
    let copy = full_copy(settings);
    let copied = match (&settings.backup_source, settings.copy.method) {
        (Some(fetcher), _) => {
            checks.push(backup(fetcher).await);
            copy.check_target().await
        }
        (None, BackupMethod::Live) => copy.check_live(settings.copy.jobs).await,
        (None, BackupMethod::Archive) => copy.check().await,
    };
    checks.extend(named(copied, "DATABASE_URL"));
    checks.extend(named(incremental(settings).check().await, "TARGET_DATABASE_URL"));
    checks.push(content_api(settings).await);
    checks.extend(snapshots(settings).await);
    checks
}

/// The servers by the names of their variables, which the copy does not know.
fn named(checks: Vec<Check>, target: &str) -> impl Iterator<Item = Check> {
    checks.into_iter().map(move |check| {
        let subject = match check.subject.as_str() {
            "source" => "SOURCE_DATABASE_URL".into(),
            "target" => target.into(),
            _ => check.subject,
        };
        Check { subject, ..check }
    })
}

async fn redis(settings: &Settings) -> Check {
    let reached = tokio::time::timeout(LIMIT, async {
        let connection = bull_queue::connect(settings.redis_url.secret()).await?;
        connection.server_version().await
    });
    let outcome = match reached.await {
        Ok(Ok(version)) => Ok(format!("Redis {version} at {}", settings.redis_url)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            Err(format!("{} did not answer within {} s", settings.redis_url, LIMIT.as_secs()))
        }
    };
    Check::of("REDIS_URL", outcome)
}

async fn backup(fetcher: &Fetcher) -> Check {
    let cancel = CancellationToken::new();
    let outcome = match tokio::time::timeout(LIMIT, fetcher.check(&cancel)).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => {
            Err(format!("{} did not answer within {} s", fetcher.source.place(), LIMIT.as_secs()))
        }
    };
    Check::of("BACKUP_SOURCE", outcome)
}

async fn content_api(settings: &Settings) -> Check {
    let outcome = match tokio::time::timeout(
        LIMIT,
        learning_content::check(&settings.learning_content),
    )
    .await
    {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
    };
    Check::of("LCMS_API_URL", outcome)
}

/// The store of snapshots can be looked at, and the newest one is young enough.
async fn snapshots(settings: &Settings) -> Option<Check> {
    let taken = settings.snapshots.taken.as_ref()?;
    let shown = taken.store.shown();
    let look = async {
        let entries = snapshots::list(&taken.store).await.map_err(|error| error.to_string())?;
        let newest = entries.iter().find(|entry| entry.manifest().is_some());
        let found = match newest {
            Some(newest) => format!("{shown}: the newest snapshot is {}", newest.name),
            None => format!("{shown}: no snapshot yet"),
        };
        let (Some(max_age), Some(newest)) = (settings.snapshots.max_age, newest) else {
            return Ok(found);
        };
        let completed = match bull_queue::connect(settings.redis_url.secret()).await {
            Ok(connection) => {
                let queue = Queue::new(connection, Step::Snapshot.queue());
                snapshot_age::last_completed(&queue).await.unwrap_or_default()
            }
            // Its own line says so.
            Err(_) => None,
        };
        let last = completed.max(Some(newest.taken_at));
        match snapshot_age::overdue(last, max_age, Utc::now()) {
            Some(overdue) => Err(overdue),
            None => Ok(found),
        }
    };
    let outcome = match tokio::time::timeout(LIMIT, look).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("{shown} did not answer within {} s", LIMIT.as_secs())),
    };
    Some(Check::of("SNAPSHOT_STORE", outcome))
}
