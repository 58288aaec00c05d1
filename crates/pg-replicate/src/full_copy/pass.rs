//! Runs of pg_restore, and what they could not restore.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use private_files::PrivateDirectory;

use super::backup::failure;
use super::ignorable::{Judge, Verdict};
use super::restore_log::{Event, Failure, Log};
use super::{FullCopy, connection_string};
use crate::archive::Entry;
use crate::child::{Ended, Program, application_name};
use crate::{Context, Error, ObjectFailure};

/// How the server words SQLSTATE 40P01, which pg_restore does not show.
const DEADLOCK: &str = "deadlock detected";

/// The entries that pg_restore is to restore; removed when dropped.
pub(crate) struct List {
    path: PathBuf,
    _directory: PrivateDirectory,
}

impl List {
    /// pg_restore reads the number in front of each line.
    pub(crate) fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        let write = || {
            let directory = PrivateDirectory::create(&parent)?;
            let path = directory.path().join("list");
            let mut file = BufWriter::new(private_files::create(&path)?);
            for entry in entries {
                writeln!(file, "{};", entry.id)?;
            }
            file.flush()?;
            Ok(Self { path, _directory: directory })
        };
        write().map_err(|source| Error::File {
            action: "write a list into",
            path: parent.clone(),
            source,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

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

/// Restores these entries by several workers, and once more by one what they have made impossible for
/// each other; answers the objects that could not be restored and may not be missing.
///
/// pg_restore takes `INDEX ATTACH` for something that can be done beside anything, and its workers
/// meet in a deadlock now and then. The server has undone all of the loser's item.
pub(super) async fn by_workers(
    copy: &FullCopy,
    entries: &[Entry],
    dump: &Path,
    workers: u16,
    context: &Context,
    judge: &mut Judge<'_>,
    follow: impl FnMut(&Event<'_>),
) -> Result<Vec<ObjectFailure>, Error> {
    let mut pass = Pass::run(copy, entries, dump, workers, context, follow).await?;
    let again = pass.take_deadlocked(entries);
    let mut failures = pass.conclude(copy, judge)?;
    if !again.is_empty() {
        for entry in &again {
            tracing::warn!(object = %entry, "{entry} is restored again: two workers had blocked each other");
        }
        let pass = Pass::run(copy, &again, dump, 1, context, |_| {}).await?;
        failures.extend(pass.conclude(copy, judge)?);
    }
    Ok(failures)
}

/// One run of pg_restore.
pub(super) struct Pass {
    log: Log,
    ended: Ended,
    /// What is no longer in the log: it is restored again.
    taken: Vec<Failure>,
}

impl Pass {
    /// Restores these entries of the archive at `dump`.
    pub(super) async fn run(
        copy: &FullCopy,
        entries: &[Entry],
        dump: &Path,
        jobs: u16,
        context: &Context,
        mut follow: impl FnMut(&Event<'_>),
    ) -> Result<Self, Error> {
        let list = List::write(entries)?;
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
                // Those of items have lines of their own.
                if !matches!(events[..], [Event::Launched(_) | Event::Finished(_)]) {
                    tracing::debug!("{line}");
                }
            })
            .await?;
        Ok(Self { log, ended, taken: Vec::new() })
    }

    /// Takes out the failures that a deadlock has caused, itself or by what it left undone; answers
    /// their entries.
    fn take_deadlocked(&mut self, entries: &[Entry]) -> Vec<Entry> {
        let failures = &mut self.log.failures;
        let mut lost: HashSet<i32> = failures
            .iter()
            .filter(|failure| failure.message.contains(DEADLOCK))
            .filter_map(|failure| failure.entry)
            .collect();
        if lost.is_empty() {
            return Vec::new();
        }
        let failed: HashSet<i32> = failures.iter().filter_map(|failure| failure.entry).collect();
        // Entries stand after what they depend on.
        for entry in entries.iter().filter(|entry| failed.contains(&entry.id)) {
            if entry.dependencies.iter().any(|id| lost.contains(id)) {
                lost.insert(entry.id);
            }
        }
        let is_lost = |id: i32| lost.contains(&id);
        self.taken =
            failures.extract_if(.., |failure| failure.entry.is_some_and(is_lost)).collect();
        entries.iter().filter(|entry| is_lost(entry.id)).cloned().collect()
    }

    /// The objects that could not be restored and may not be missing; an end that cannot be explained
    /// is an error.
    pub(super) fn conclude(
        &self,
        copy: &FullCopy,
        judge: &mut Judge<'_>,
    ) -> Result<Vec<ObjectFailure>, Error> {
        let Self { log, ended, taken } = self;
        let failures: Vec<ObjectFailure> =
            log.failures.iter().filter_map(|failure| verdict(judge, failure)).collect();
        let was_cut = log.counted.is_none() && !ended.status.success();
        // Parallel workers have an error counted once itself, and once more for its item.
        let all = || log.failures.iter().chain(taken);
        let items: HashSet<_> = all().map(|failure| failure.entry).collect();
        let counted = log.counted.unwrap_or_default();
        let explained = (all().count() + items.len()) as u64 >= counted;
        if was_cut || !explained || !matches!(ended.status.code(), Some(0 | 1)) {
            let error = failure("pg_restore", &copy.target, ended);
            if error.is_unreachable() || failures.is_empty() {
                return Err(error);
            }
        }
        Ok(failures)
    }
}

/// Logs a failure; answers it unless it may be ignored.
pub(super) fn verdict(judge: &mut Judge<'_>, failure: &Failure) -> Option<ObjectFailure> {
    let message = &failure.message;
    match judge.judge(failure) {
        Verdict::Ignored { object, reason } => {
            tracing::warn!(object, "{object} could not be restored: {reason} ({message})");
            None
        }
        Verdict::Fatal { object } => {
            tracing::error!(object, "{object} could not be restored: {message}");
            Some(ObjectFailure { object, message: message.clone() })
        }
    }
}
