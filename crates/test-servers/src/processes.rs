//! Signals to a process and its children.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Stops `parent` and its children. The parent goes first: it can fork no more while its children
/// are looked for.
pub(crate) fn stop_family(parent: Pid) {
    let _ = kill(parent, Signal::SIGSTOP);
    for child in children(parent) {
        let _ = kill(child, Signal::SIGSTOP);
    }
}

/// Lets `parent` and its children go on, children first.
pub(crate) fn continue_family(parent: Pid) {
    for child in children(parent) {
        let _ = kill(child, Signal::SIGCONT);
    }
    let _ = kill(parent, Signal::SIGCONT);
}

/// The children of `parent`, from `/proc/<pid>/stat` (proc(5): the fourth field is the parent).
fn children(parent: Pid) -> Vec<Pid> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| parent_of(*pid) == Some(parent.as_raw()))
        .map(Pid::from_raw)
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may itself contain some.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}
