//! Its part of `worker --check`.

use backup_sources::Fetcher;
use pg_replicate::Check;
use progress::CancellationToken;

use crate::config::BackupMethod;
use crate::restore::full_copy;
use crate::server_check::{check_within_limit, with_variables};
use crate::{Settings, target_guard};

pub(super) async fn run(settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    let copy = full_copy(settings);
    let copied = match (&settings.backup_source, settings.copy.backup_method) {
        (Some(fetcher), _) => {
            checks.push(backup(fetcher).await);
            checks.push(target_guard::check(settings).await);
            copy.check_target().await
        }
        (None, BackupMethod::Live) => copy.check_live(settings.copy.copy_jobs).await,
        (None, BackupMethod::Archive) => copy.check().await,
    };
    checks.extend(with_variables(copied, "DATABASE_URL"));
    checks.extend(after_restore(settings).await);
    checks
}

async fn backup(fetcher: &Fetcher) -> Check {
    let cancel = CancellationToken::new();
    let answer = async { fetcher.check(&cancel).await.map_err(|error| error.to_string()) };
    check_within_limit("BACKUP_SOURCE", fetcher.source.place(), answer).await
}

/// Checks that a shell can parse the command and finds its program; it is not executed.
async fn after_restore(settings: &Settings) -> Option<Check> {
    let outcome = settings.after_restore.as_ref()?.check().await;
    Some(Check::of("AFTER_RESTORE_COMMAND", outcome))
}
