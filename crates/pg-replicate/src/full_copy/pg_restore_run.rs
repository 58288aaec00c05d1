//! Runs of pg_restore, and the entries that they could not restore.

use std::path::Path;

use crate::Error;
use crate::archive::{Entry, RestoreList, Section};
use crate::full_copy::failure::Failure;
use crate::full_copy::restore_log::{Event, Log, Reported};
use crate::full_copy::settings::FullCopy;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::pg_dump::{connection_lost, connection_string, failure, is_connection_lost};
use progress::{Context, ProgressItem, ProgressTracker, Weight};

/// A setting of newer versions of pg_restore that older servers do not know.
const UNKNOWN_SETTING: &str = "SET transaction_timeout = 0;";

/// The beginning of pg_restore's message, in English, about rows that could not be written.
const COPY_FAILED: &str = "COPY failed for table \"";

fn arguments(copy: &FullCopy, jobs: u16, list: &Path, dump: &Path) -> Vec<String> {
    vec![
        "--no-owner".into(),
        "--no-privileges".into(),
        "--no-password".into(),
        "--verbose".into(),
        format!("--jobs={}", jobs.max(1)),
        format!("--use-list={}", list.display()),
        format!("--dbname={}", connection_string(&copy.target)),
        "--".into(),
        dump.display().to_string(),
    ]
}

/// Restores these entries of the archive at `dump` with `jobs` workers of pg_restore; returns those that
/// could not be restored. An unexplained exit status is an error.
pub(super) async fn run(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    jobs: u16,
    context: &Context,
    mut follow: impl FnMut(&Event<'_>),
) -> Result<Vec<Failure>, Error> {
    let list = RestoreList::write(entries)?;
    let program = Program {
        name: "pg_restore",
        arguments: arguments(copy, jobs, list.path(), dump),
        url: &copy.target,
        application_name: application_name("restore"),
    };
    let mut log = Log::default();
    let ended = program
        .run(context, |line| {
            let events = log.read(line);
            events.iter().for_each(&mut follow);
            // Errors of items have lines of their own.
            if !matches!(events[..], [Event::Launched(_) | Event::Finished(_)]) {
                tracing::debug!("{line}");
            }
        })
        .await?;
    let Log { failures: reported, counted, is_lost, .. } = log;
    let told = |one: &&Reported| is_connection_lost(one.said());
    if let Some(lost) = reported.iter().find(told).or(reported.last().filter(|_| is_lost)) {
        return Err(connection_lost(&copy.target, &lost.message));
    }
    // Parallel workers count an error itself, and its item again.
    let items = reported.iter().filter(|one| one.entry.is_some()).count();
    let was_cut = counted.is_none() && !ended.status.success();
    let is_explained = (reported.len() + items) as u64 >= counted.unwrap_or_default();
    let is_known = |one: &&Reported| one.command.as_deref() == Some(UNKNOWN_SETTING);
    if let Some(one) = reported.iter().find(is_known) {
        tracing::warn!(
            "the target's server is older than pg_restore and has no setting transaction_timeout ({})",
            one.message
        );
    }
    let failures: Vec<Failure> = reported
        .iter()
        .filter(|one| !is_known(one))
        .filter_map(|one| {
            let entry = entry_of(one, entries)?;
            Some(Failure::of(entry, one.message.clone()))
        })
        .collect();
    // Such as a connection error, which belongs to no entry.
    let is_anonymous =
        reported.iter().any(|one| !is_known(&one) && entry_of(one, entries).is_none());
    if was_cut || !is_explained || is_anonymous || !matches!(ended.status.code(), Some(0 | 1)) {
        let error = failure("pg_restore", &copy.target, &ended);
        if error.is_unreachable() || failures.is_empty() {
            return Err(error);
        }
    }
    Ok(failures)
}

/// [`run`] with one worker, reporting each of the entries to `board` with the duration of all of them; what
/// comes before rows has no log lines, as in [`crate::full_copy::statements`].
pub(super) async fn told(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    board: &ProgressTracker,
    weight: Weight,
    context: &Context,
) -> Result<Vec<Failure>, Error> {
    let objects: Vec<(&Entry, ProgressItem)> = entries
        .iter()
        .filter(|entry| entry.section != Section::PreData)
        .map(|entry| (entry, board.start(&entry.kind, &entry.name(), weight)))
        .collect();
    let failures = run(copy, entries, dump, 1, context, |_| {}).await?;
    for (entry, object) in objects {
        if !failures.iter().any(|failure| failure.entry == entry.id) {
            object.end(0);
        }
    }
    Ok(failures)
}

/// The entry that an error is about. Parallel workers write their lines at the same time, so the last named
/// entry may be another one's; the error itself contains the table's name.
fn entry_of<'a>(reported: &Reported, entries: &'a [Entry]) -> Option<&'a Entry> {
    let named = entries.iter().find(|entry| reported.entry == Some(entry.id));
    let Some(rest) = reported.message.strip_prefix(COPY_FAILED) else { return named };
    let is_its = |entry: &&Entry| {
        let rest = rest.strip_prefix(&entry.tag);
        entry.kind == "TABLE DATA" && rest.is_some_and(|rest| rest.starts_with("\": "))
    };
    named.filter(is_its).or_else(|| entries.iter().find(is_its)).or(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_another_worker_do_not_name_the_table() {
        let entry = |id, tag: &str| Entry {
            id,
            kind: "TABLE DATA".into(),
            tag: tag.into(),
            schema: Some("public".into()),
            ..Entry::default()
        };
        let entries = [entry(1, "answers"), entry(2, "users"), entry(3, "users")];
        let found = |entry, message: &str| {
            let reported = Reported { entry, message: message.into(), command: None };
            entry_of(&reported, &entries).map(|entry| entry.id)
        };
        let failed = "COPY failed for table \"users\": ERROR:  duplicate key";
        assert_eq!(found(Some(1), failed), Some(2), "the line between was another worker's");
        assert_eq!(found(Some(3), failed), Some(3));
        assert_eq!(found(None, failed), Some(2));
        assert_eq!(found(Some(1), "could not execute query: ERROR: x"), Some(1));
        assert_eq!(found(None, "could not connect"), None);
    }
}
