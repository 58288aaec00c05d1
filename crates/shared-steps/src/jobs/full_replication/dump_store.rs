//! Store of dumps that are kept between two attempts of one job.
//!
//! A dump costs the source the most expensive part of a run, so a failed restore keeps it for
//! the next attempt of the same job. It is never used for another run, for another configuration,
//! nor when it has grown old: a retry days later must not bring back old data.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::StepError;

const PREFIX: &str = "replication-";
const SUFFIX: &str = ".dump";

/// Name of their directory, followed by the user and a number.
const DIRECTORY: &str = "replication-dumps-";

/// Number of directories that are tried.
const NAMES: u32 = 8;

/// The directory of dumps, and their maximum age.
#[derive(Debug, Clone)]
pub struct DumpStore {
    directory: PathBuf,
    max_age: Duration,
}

impl DumpStore {
    /// Stores dumps in `directory`, for at most `max_age`.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, max_age: Duration) -> Self {
        Self { directory: directory.into(), max_age }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of the dump of `run_id`; `what` is anything that distinguishes two dumps of one run (the
    /// source, the tables left out). It is in a directory of its own, created here, so that nobody else can
    /// read it or put a dump there.
    ///
    /// # Errors
    /// If the directory cannot be created.
    pub fn path(&self, run_id: &str, what: &impl Hash) -> Result<PathBuf, StepError> {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let name = format!("{PREFIX}{}-{:016x}{SUFFIX}", file_name(run_id), hasher.finish());
        for directory in self.private_directories() {
            match private_files::claim_directory(&directory) {
                Ok(true) => return Ok(directory.join(name)),
                // The name belongs to somebody else.
                Ok(false) => {}
                Err(source) => {
                    return Err(StepError::File { action: "create", path: directory, source });
                }
            }
        }
        Err(StepError::File {
            action: "create a directory in",
            path: self.directory.clone(),
            source: ErrorKind::AlreadyExists.into(),
        })
    }

    /// Whether a complete dump at `path` is recent enough to be restored.
    #[must_use]
    pub fn is_usable(&self, path: &Path) -> bool {
        private_files::is_own_file(path) && age(path).is_some_and(|age| age <= self.max_age)
    }

    /// Removes the dumps of `run_id`, complete or not. Those that cannot be removed are logged.
    pub fn remove(&self, run_id: &str) {
        let prefix = format!("{PREFIX}{}-", file_name(run_id));
        self.remove_where(|name, _| name.starts_with(&prefix));
    }

    /// Removes what killed runs have left. What cannot be removed is logged.
    pub fn remove_stale(&self) {
        self.remove_where(|_, path| age(path).is_some_and(|age| age > self.max_age));
    }

    /// Names for the directory of dumps, to be tried in this order: in a directory that everybody can write
    /// to, such as /tmp, the first ones may belong to another user.
    fn private_directories(&self) -> impl Iterator<Item = PathBuf> {
        let user = nix::unistd::geteuid();
        (1..=NAMES).map(move |number| self.directory.join(format!("{DIRECTORY}{user}-{number}")))
    }

    fn remove_where(&self, unwanted: impl Fn(&str, &Path) -> bool) {
        // Earlier versions stored their dumps in the directory itself.
        for directory in self.private_directories().chain([self.directory.clone()]) {
            for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_dump = name.starts_with(PREFIX) && name.contains(SUFFIX);
                if is_dump && private_files::is_own_file(&path) && unwanted(&name, &path) {
                    remove(&path);
                }
            }
            if directory != self.directory {
                // Only if it is empty; another run may have a dump in it.
                let _ = std::fs::remove_dir(&directory);
            }
        }
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!("The dump {} is left: {error}", path.display());
    }
}

/// A run id may contain any character that Redis accepts; a file name may not.
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

    fn store(directory: &Path) -> DumpStore {
        DumpStore::new(directory, Duration::from_secs(60))
    }

    #[test]
    fn a_dump_belongs_to_one_run_and_one_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let path = |run, what| store.path(run, &what).unwrap();
        assert_eq!(path("1-2", "a"), path("1-2", "a"));
        assert_ne!(path("1-2", "a"), path("1-2", "b"));
        assert_ne!(path("1-2", "a"), path("1-3", "a"));
    }

    #[test]
    fn only_own_dumps_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let (mine, other) = (store.path("1-2", &"").unwrap(), store.path("1-20", &"").unwrap());
        let foreign = directory.path().join("holiday.jpg");
        let of_an_earlier_version = directory.path().join("replication-1_2-0.dump");
        let partial = mine.with_extension("dump.partial");
        for path in [&mine, &partial, &other, &foreign, &of_an_earlier_version] {
            std::fs::write(path, "x").unwrap();
        }
        store.remove("1-2");
        assert!(!mine.exists() && !partial.exists() && !of_an_earlier_version.exists());
        assert!(other.exists() && foreign.exists());
        assert!(store.is_usable(&other));

        let impatient = DumpStore::new(directory.path(), Duration::ZERO);
        assert!(!impatient.is_usable(&other));
        impatient.remove_stale();
        assert!(!other.parent().unwrap().exists() && foreign.exists());
    }

    #[test]
    fn odd_entries_are_no_reason_to_fail() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let first = store.private_directories().next().unwrap();
        std::fs::write(&first, "somebody else's").unwrap();
        let dump = store.path("1-2", &"").unwrap();
        assert!(!dump.starts_with(&first));
        std::fs::create_dir(&dump).unwrap();
        let link = store.path("1-2", &"another").unwrap();
        std::os::unix::fs::symlink(&first, &link).unwrap();
        assert!(!store.is_usable(&dump) && !store.is_usable(&link));
        std::fs::create_dir(directory.path().join("replication-1_2-0.dump")).unwrap();
        store.remove("1-2");
        DumpStore::new(directory.path(), Duration::ZERO).remove_stale();
        assert!(first.exists() && dump.exists());
    }
}
