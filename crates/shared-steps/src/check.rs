//! What `worker --check` looks at: everything a night needs, without changing anything.

use std::time::Duration;

use backup_sources::Fetcher;
use bull_queue::Queue;
use chrono::Utc;
use media_sync::Which;
use pg_replicate::Check;
use pg_replicate::database_snapshot::DatabaseSnapshot;
use progress::{CancellationToken, Context};

use crate::config::BackupMethod;
use crate::steps::{self, full_copy, incremental};
use crate::{Settings, learning_content, redis_check};
use pipeline::{Step, snapshot_age};

/// How long any one server may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Whether everything that a night needs is there; one line for each thing looked at.
pub async fn run(settings: &Settings) -> Vec<Check> {
    let mut checks = redis_check::run(settings, LIMIT).await;
    if settings.without_target.is_some() {
        checks.push(source(settings).await);
    } else {
        night(settings, &mut checks).await;
    }
    checks.extend(after_restore(settings).await);
    checks.extend(snapshots(settings).await);
    checks.extend(media(settings).await);
    checks.into_iter().map(without_secrets).collect()
}

async fn night(settings: &Settings, checks: &mut Vec<Check>) {
    let copy = full_copy(settings);
    let copied = match (&settings.backup_source, settings.copy.backup_method) {
        (Some(fetcher), _) => {
            checks.push(backup(fetcher).await);
            checks.push(steps::check_not_the_source(settings).await);
            copy.check_target().await
        }
        (None, BackupMethod::Live) => copy.check_live(settings.copy.copy_jobs).await,
        (None, BackupMethod::Archive) => copy.check().await,
    };
    checks.extend(named(copied, "DATABASE_URL"));
    checks.extend(named(incremental(settings).check().await, "TARGET_DATABASE_URL"));
    checks.push(content_api(settings).await);
}

/// The source can be dumped, as a snapshot does it.
async fn source(settings: &Settings) -> Check {
    let context = Context::quiet();
    let look = async {
        let moment = DatabaseSnapshot::open(&settings.source, &context).await?;
        let found = format!(
            "{}: PostgreSQL {}, {} tables; {}",
            settings.source,
            moment.server_version(),
            moment.tables().len(),
            moment.pg_dump_version()
        );
        moment.end(&context).await?;
        Ok(found)
    };
    let outcome = match tokio::time::timeout(LIMIT, look).await {
        Ok(outcome) => outcome.map_err(|error: pg_replicate::Error| error.to_string()),
        Err(_) => Err(format!("{} did not answer within {} s", settings.source, LIMIT.as_secs())),
    };
    Check::of("SOURCE_DATABASE_URL", outcome)
}

/// A shell can read the command, and finds its program; it is not run.
async fn after_restore(settings: &Settings) -> Option<Check> {
    let outcome = settings.after_restore.as_ref()?.check().await;
    Some(Check::of("AFTER_RESTORE_COMMAND", outcome))
}

/// Both stores of media can be looked at.
async fn media(settings: &Settings) -> Vec<Check> {
    let Some(media) = &settings.media else { return Vec::new() };
    let look = async |which: Which| match tokio::time::timeout(LIMIT, media.sync.check(which)).await
    {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("the {which} did not answer within {} s", LIMIT.as_secs())),
    };
    let source = Check::of("MEDIA_SOURCE", look(Which::Source).await);
    vec![source, Check::of("MEDIA_TARGET", look(Which::Target).await)]
}

/// What a server echoed is not shown here either.
fn without_secrets(check: Check) -> Check {
    let shown = |text: String| secrets::without(&text).into_owned();
    Check { outcome: check.outcome.map(shown).map_err(shown), ..check }
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
