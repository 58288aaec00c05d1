//! Owner of a job's lock, and whether its process is certainly dead.
//!
//! The value of a lock is `<random>-<count>@<host>:<pid>:<started>:<pid namespace>:<boot>`. It is unique
//! per attempt, so that a script that runs a second time recognizes its own first run. It also identifies
//! the process, so that the lock of a process that died on this machine need not expire first.
//!
//! It stays below 65 bytes: with a longer value, Redis would convert the hash of every running job to its
//! large representation (`hash-max-listpack-value`), which costs time in every step, and memory
//! permanently.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// This process, as `host:pid:started:namespace:boot`; the last three are `?` if the system does not
/// provide them.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let host = read("/proc/sys/kernel/hostname").unwrap_or_else(|| "?".into());
    let pid = std::process::id();
    let started = started(pid).unwrap_or_else(|| "?".into());
    // For people, for whom the beginning is sufficient.
    let host: String =
        host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(5).collect();
    format!("{host}:{pid}:{started}:{}:{}", namespace(), boot())
});

/// A token that no other attempt of any job has.
pub(crate) fn new_token() -> String {
    // One random number per process, because a system call for each token would be noticeable.
    static RANDOM: LazyLock<u32> = LazyLock::new(|| Uuid::new_v4().as_fields().0);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:08x}-{:x}@{}", *RANDOM, COUNT.fetch_add(1, Ordering::Relaxed), *PROCESS)
}

/// What is known about the owner of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// Its process ran on this machine and no longer exists.
    Dead,
    /// Its process exists, or nothing is known about it.
    Unknown,
}

/// Determines the state of the owner of `token`. Only a process of the same boot of this machine and the
/// same PID namespace can be known to be dead; everything else (another host, Node.js's Bull) is unknown.
pub(crate) fn liveness(token: &str) -> Liveness {
    let dead = || -> Option<bool> {
        let (_, process) = token.split_once('@')?;
        let mut parts = process.split(':').skip(1);
        let (pid, began) = (parts.next()?.parse::<u32>().ok()?, parts.next()?);
        let same_machine = parts.next()? == namespace() && parts.next()? == boot();
        // If processes of other users are hidden (hidepid), process 1 is hidden too.
        let known = began != "?" && namespace() != "?" && boot() != "?" && started(1).is_some();
        // A reused process id has a different start time.
        Some(same_machine && known && started(pid).as_deref() != Some(began))
    };
    if dead().unwrap_or(false) { Liveness::Dead } else { Liveness::Unknown }
}

fn namespace() -> &'static str {
    static NAMESPACE: LazyLock<String> = LazyLock::new(|| {
        let link = std::fs::read_link("/proc/self/ns/pid").ok();
        let link = link.and_then(|link| link.to_str().map(str::to_owned)).unwrap_or_default();
        let inode: String = link.chars().filter(char::is_ascii_digit).collect();
        if inode.is_empty() { "?".into() } else { inode }
    });
    &NAMESPACE
}

fn boot() -> &'static str {
    static BOOT: LazyLock<String> = LazyLock::new(|| {
        let id = read("/proc/sys/kernel/random/boot_id").unwrap_or_else(|| "?".into());
        id.chars().filter(|c| *c != '-').take(12).collect()
    });
    &BOOT
}

/// When the process began, in ticks since boot: field 22 of its `stat`, counted after the name, which may
/// contain anything.
fn started(pid: u32) -> Option<String> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    // A zombie is dead and only waits for its parent.
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique() {
        assert_ne!(new_token(), new_token());
    }

    #[test]
    fn a_token_fits_into_a_small_hash() {
        // The variable parts may become this long: the count, the host, the pid, the start time.
        let token = new_token();
        let (number, process) = token.split_once('@').unwrap();
        let lengths: Vec<usize> = process.split(':').map(str::len).collect();
        let longest =
            "01234567-ffffff@".len() + [5, 7, 10, lengths[3], lengths[4]].iter().sum::<usize>() + 4;
        assert!(longest <= 64, "{token}");
        assert!(number.len() <= "01234567-ffffff".len());
        assert!(lengths[0] <= 5 && lengths[1] <= 7 && lengths[2] <= 10, "{token}");
    }

    #[test]
    fn our_own_process_lives() {
        assert_eq!(liveness(&new_token()), Liveness::Unknown);
    }

    #[test]
    fn a_child_is_dead_once_it_has_ended() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = format!(
            "x@h:{}:{}:{}:{}",
            child.id(),
            started(child.id()).unwrap(),
            namespace(),
            boot()
        );
        assert_eq!(liveness(&process), Liveness::Unknown);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(liveness(&process), Liveness::Dead);
    }

    #[test]
    fn nothing_is_known_about_others() {
        let boot = boot();
        for token in [
            "8b1a9953-c461-4a6f-9e4b-000000000000".to_owned(),
            format!("x@elsewhere:1:5:{}:another-boot", namespace()),
            format!("x@elsewhere:1:5:4026000000:{boot}"),
            format!("x@h:1:?:{}:{boot}", namespace()),
            String::new(),
        ] {
            assert_eq!(liveness(&token), Liveness::Unknown, "{token}");
        }
    }
}
