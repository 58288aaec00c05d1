//! Its part of `worker --check`.

use bull_queue::Queue;
use chrono::Utc;
use pg_replicate::Check;
use pg_replicate::database_snapshot::DatabaseSnapshot;
use pipeline::{Step, snapshot_age};
use progress::Context;

use crate::Settings;
use crate::server_check::check_within_limit;

pub(super) async fn run(settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    // With a target, the full replication checks the source.
    if settings.without_target.is_some() {
        checks.push(source(settings).await);
    }
    checks.extend(store(settings).await);
    checks
}

/// Checks that the source can be dumped, as for a snapshot.
async fn source(settings: &Settings) -> Check {
    let context = Context::quiet();
    let opened = async {
        let snapshot = DatabaseSnapshot::open(&settings.source, &context).await?;
        let found = format!(
            "{}: PostgreSQL {}, {} tables; {}",
            settings.source,
            snapshot.server_version(),
            snapshot.tables().len(),
            snapshot.pg_dump_version()
        );
        snapshot.end(&context).await?;
        Ok(found)
    };
    let answer = async { opened.await.map_err(|error: pg_replicate::Error| error.to_string()) };
    check_within_limit("SOURCE_DATABASE_URL", &settings.source, answer).await
}

/// The store of snapshots can be read and written, and the newest one is young enough.
async fn store(settings: &Settings) -> Option<Check> {
    let taken = settings.snapshots.taken.as_ref()?;
    let shown = taken.store.shown();
    let answer = async {
        taken.store.may_be_written()?;
        let entries = snapshots::list(&taken.store).await.map_err(|error| error.to_string())?;
        let newest = entries.iter().find(|entry| entry.manifest().is_some());
        let found = match newest {
            Some(newest) => format!("{shown}: the newest snapshot is {}", newest.name),
            None => format!("{shown}: no snapshot yet"),
        };
        let (Some(max_age), Some(newest)) = (settings.snapshots.max_age, newest) else {
            return Ok(found);
        };
        let completed = match bull_queue::connect_to(&settings.redis_url).await {
            Ok(connection) => {
                let queue = Queue::new(connection, Step::SNAPSHOT.queue);
                snapshot_age::last_completed(&queue).await.unwrap_or_default()
            }
            // Reported by a line of its own.
            Err(_) => None,
        };
        let last = completed.max(Some(newest.taken_at));
        snapshot_age::overdue(last, max_age, Utc::now()).map_or(Ok(found), Err)
    };
    Some(check_within_limit("SNAPSHOT_STORE", &shown, answer).await)
}
