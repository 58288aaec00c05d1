//! Where dumps stand between two attempts of one job.
//!
//! A dump costs the source the most expensive part of the night, so a failed restore keeps it for
//! the next attempt of the same job. It is never used for another run, for another configuration,
//! nor when it has grown old: a retry days later must not bring back old data.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::StepError;

const PREFIX: &str = "replication-";
const SUFFIX: &str = ".dump";

/// The directory of dumps, and how long one may be used.
#[derive(Debug, Clone)]
pub struct DumpStore {
    directory: PathBuf,
    max_age: Duration,
}

impl DumpStore {
    /// Dumps stand in `directory`, for `max_age` at most.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, max_age: Duration) -> Self {
        Self { directory: directory.into(), max_age }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the dump of `run_id` stands; `what` is anything that makes two dumps of one run differ
    /// (the source, the tables left out).
    #[must_use]
    pub fn path(&self, run_id: &str, what: &impl Hash) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.directory.join(format!(
            "{PREFIX}{}-{:016x}{SUFFIX}",
            file_name(run_id),
            hasher.finish()
        ))
    }

    /// Whether a whole dump stands at `path` and is young enough to be restored.
    #[must_use]
    pub fn is_usable(&self, path: &Path) -> bool {
        age(path).is_some_and(|age| age <= self.max_age)
    }

    /// Removes the dumps of `run_id`, whole or begun.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove(&self, run_id: &str) -> Result<(), StepError> {
        let prefix = format!("{PREFIX}{}-", file_name(run_id));
        self.remove_where(|name, _| name.starts_with(&prefix))
    }

    /// Removes what earlier runs that were killed have left.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove_stale(&self) -> Result<(), StepError> {
        self.remove_where(|_, path| age(path).is_some_and(|age| age > self.max_age))
    }

    fn remove_where(&self, unwanted: impl Fn(&str, &Path) -> bool) -> Result<(), StepError> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(StepError::File {
                    action: "list",
                    path: self.directory.clone(),
                    source,
                });
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.starts_with(PREFIX) && name.contains(SUFFIX);
            if ours && unwanted(&name, &path) {
                match std::fs::remove_file(&path) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                        return Err(StepError::File { action: "remove", path, source });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// A run id holds what Redis allows; a file name holds less.
fn file_name(run_id: &str) -> String {
    run_id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn age(path: &Path) -> Option<Duration> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(modified).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_belongs_to_one_run_and_one_configuration() {
        let store = DumpStore::new("/dumps", Duration::from_secs(60));
        assert_eq!(store.path("1-2", &"a"), store.path("1-2", &"a"));
        assert_ne!(store.path("1-2", &"a"), store.path("1-2", &"b"));
        assert_ne!(store.path("1-2", &"a"), store.path("1-3", &"a"));
    }

    #[test]
    fn only_own_dumps_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let store = DumpStore::new(directory.path(), Duration::from_secs(60));
        let (mine, other) = (store.path("1-2", &""), store.path("1-20", &""));
        let foreign = directory.path().join("holiday.jpg");
        for path in [&mine, &mine.with_extension("dump.partial"), &other, &foreign] {
            std::fs::write(path, "x").unwrap();
        }
        store.remove("1-2").unwrap();
        assert!(!mine.exists() && !mine.with_extension("dump.partial").exists());
        assert!(other.exists() && foreign.exists());
        assert!(store.is_usable(&other));

        let impatient = DumpStore::new(directory.path(), Duration::ZERO);
        assert!(!impatient.is_usable(&other));
        impatient.remove_stale().unwrap();
        assert!(!other.exists() && foreign.exists());
    }
}
