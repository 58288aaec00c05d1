//! Where servers keep their files.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::statvfs::statvfs;
use nix::unistd::{Pid, getpid};
use tempfile::TempDir;

use crate::error::{Error, IoContext};

/// Files in memory: a cluster of PostgreSQL has a thousand, which on a disk take four times as long
/// to make as all the rest of its start.
const MEMORY: &str = "/dev/shm";

/// Bytes that must be free there. Docker gives a container 64 MB unless it is told otherwise.
const ROOM: u64 = 4 << 30;

/// Before the process id and the name of a server.
const PREFIX: &str = "test-server-";

/// A directory of this process, in memory where there is room, and gone when dropped.
pub(crate) fn in_memory(server: &str) -> Result<TempDir, Error> {
    make(server, &memory().unwrap_or_else(std::env::temp_dir))
}

/// A directory of this process on the disk, and gone when dropped.
pub(crate) fn on_disk(server: &str) -> Result<TempDir, Error> {
    make(server, &std::env::temp_dir())
}

fn make(server: &str, parent: &Path) -> Result<TempDir, Error> {
    sweep(parent);
    TempDir::with_prefix_in(format!("{PREFIX}{}-{server}-", getpid()), parent)
        .during(format!("create a directory for {server} in {}", parent.display()))
}

/// [`MEMORY`], unless TMPDIR names another place or there is no room.
fn memory() -> Option<PathBuf> {
    let room = statvfs(MEMORY).ok()?;
    let has_room = room.blocks_available() * room.fragment_size() >= ROOM;
    (has_room && std::env::var_os("TMPDIR").is_none()).then(|| MEMORY.into())
}

/// Removes the directories of processes that were killed and could not do it themselves.
fn sweep(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_str().and_then(owner);
        if owner.is_some_and(|pid| kill(pid, None) == Err(Errno::ESRCH)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The process that made the directory of this name.
fn owner(name: &str) -> Option<Pid> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    pid.parse().ok().map(Pid::from_raw)
}
